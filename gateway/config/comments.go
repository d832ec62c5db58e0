package config

import (
	_ "embed" // the descriptions of the schema are the comments of the structs
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
)

//go:embed config.go
var structs string

// readComments returns a look-up of the comments on this package's types and fields; the field "" is the type itself.
func readComments() (func(t reflect.Type, field string) string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", structs, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	byName := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok {
			if fields, ok := spec.Type.(*ast.StructType); ok {
				addFields(byName, spec.Name.Name, fields)
			}
		}
		return true
	})
	home := reflect.TypeFor[Config]().PkgPath()
	return func(t reflect.Type, field string) string {
		if t.PkgPath() != home || field == "" {
			return ""
		}
		return byName[strings.TrimPrefix(t.Name(), "long")+"."+field]
	}, nil
}

func addFields(byName map[string]string, typeName string, s *ast.StructType) {
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			byName[typeName+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
		}
	}
}
