package gateway

import "testing"

func TestGarbageMayGatherByWhatIsKept(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		kept uint64
		want int
	}{
		{"of a process that holds nothing, no more than sixteen times", 0, 1600},
		{"of a small one, 64 MiB", 16 << 20, 400},
		{"of one that holds as much, as Go would have it", 64 << 20, 100},
		{"of a large one, half of it", 1 << 30, 50},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := pace(tt.kept); got != tt.want {
				t.Errorf("pace(%d) = %d, want %d", tt.kept, got, tt.want)
			}
		})
	}
}

func TestThePaceIsSetAnewWhenItChangesMuch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b int
		want bool
	}{{0, 100, false}, {100, 100, true}, {100, 120, true}, {120, 100, true}, {100, 121, false}, {121, 100, false}} {
		if got := near(tt.a, tt.b); got != tt.want {
			t.Errorf("near(%d, %d) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestWhatIsKeptCanBeRead(t *testing.T) {
	t.Parallel()
	if kept() == 0 {
		t.Error("the runtime no longer tells how much it keeps under the names that are asked for")
	}
}
