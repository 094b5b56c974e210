package zmq_test

import (
	"context"
	"fmt"

	"orrery/netsync/zmq"
)

// A publisher, and a viewer that joins and gets all there is.
func Example() {
	publisher, err := zmq.ListenPublisher(zmq.PublisherConfig{Endpoint: "tcp://127.0.0.1:0"})
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
				publisher.Send(e.Viewer, zmq.Message{Parts: [][]byte{[]byte("nodes/store"), []byte("a keyframe")}, Whole: true})
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
