package gateway

import "testing"

func TestGarbageMayGatherByWhatIsKept(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		kept uint64
		made float64
		want int
	}{
		{"of a process that holds nothing, no more than sixteen times", 0, 0, 1600},
		{"of a small one, 64 MiB", 16 << 20, 1 << 20, 400},
		{"of one that holds as much, as Go would have it", 64 << 20, 16 << 20, 100},
		{"of one in a hurry, what it makes in 0.4 s", 64 << 20, 32 << 20, 200},
		{"but no more than 160 MiB", 64 << 20, 64 << 20, 250},
		{"of a large one, half of it", 1 << 30, 64 << 20, 50},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := pace(tt.kept, tt.made); got != tt.want {
				t.Errorf("pace(%d, %f) = %d, want %d", tt.kept, tt.made, got, tt.want)
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
	if kept() == 0 || allocated() == 0 {
		t.Error("the runtime no longer tells how much it keeps and allocates under the names that are asked for")
	}
}
