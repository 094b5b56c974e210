package zmq_test

import (
	"context"
	"fmt"
	"sync"

	"orrery/netsync/zmq"
)

// A publisher, and a viewer that joins and gets all there is.
func Example() {
	var waiting sync.Map // viewers that have not got it
	publisher, err := zmq.ListenPublisher(zmq.PublisherConfig{
		Endpoint: "tcp://127.0.0.1:0",
		Next: func(viewer zmq.ID) ([][]byte, bool) {
			_, waits := waiting.LoadAndDelete(viewer)
			return [][]byte{[]byte("nodes/store"), []byte("a keyframe")}, waits
		},
	})
	if err != nil {
		panic(err)
	}
	defer publisher.Close()

	viewer, err := zmq.Dial(context.Background(), zmq.DialConfig{Endpoint: publisher.Endpoint(), Type: "SUB"})
	if err != nil {
		panic(err)
	}
	defer viewer.Close()
	viewer.Subscribe("nodes/")

	for subscribed := false; !subscribed; {
		<-publisher.Ready()
		for _, e := range publisher.Events() {
			if e.Kind == zmq.Subscribed {
				waiting.Store(e.Viewer, nil)
				publisher.Wake(e.Viewer)
				subscribed = true
			}
		}
	}
	parts, err := viewer.Receive()
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s: %s\n", parts[0], parts[1])
	// Output: nodes/store: a keyframe
}
