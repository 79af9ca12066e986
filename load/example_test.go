package load_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/load"
)

func Example() {
	a := load.Sequence{
		load.Ramp{From: 1, To: 5, Over: time.Second},
		load.Constant{Rate: 5, For: time.Second},
	}
	fmt.Println(a)
	for at := range a.Offsets(0) {
		fmt.Println(at.Round(time.Millisecond))
	}
	// Output:
	// ramp 1/s to 5/s over 1s then const 5/s for 1s
	// 0s
	// 500ms
	// 781ms
	// 1s
	// 1.2s
	// 1.4s
	// 1.6s
	// 1.8s
}

func ExampleParse() {
	a, err := load.Parse("poisson 50/s for 2m")
	fmt.Printf("%#v %v\n", a, err)
	_, err = load.Parse("poisson 50/s for 2")
	fmt.Println(err)
	// Output:
	// load.Poisson{Rate:50, For:120000000000} <nil>
	// load: "poisson 50/s for 2", position 18: found "2", want a time with its unit, such as 90s or 1m30s
}

func ExampleShard() {
	a := load.Constant{Rate: 10, For: time.Second}
	for rank := range 3 {
		fmt.Print("rank ", rank, ":")
		for at := range load.Shard(a, rank, 3).Offsets(0) {
			fmt.Print(" ", at)
		}
		fmt.Println()
	}
	// Output:
	// rank 0: 0s 300ms 600ms 900ms
	// rank 1: 100ms 400ms 700ms
	// rank 2: 200ms 500ms 800ms
}

func ExampleReadMooncake() {
	file := strings.NewReader(`{"timestamp": 3000, "input_length": 6955, "output_length": 52}
{"timestamp": 3105, "input_length": 655, "output_length": 26}`)
	trace, err := load.NewTrace(load.ReadMooncake(file))
	trace.Speed = 2
	fmt.Println(trace, err)
	// Output: trace 0s 6955/52, 105ms 655/26 speed 2 <nil>
}
