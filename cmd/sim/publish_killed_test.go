// Proves that what a client was told is done is in the trace of a run that is killed
// at once, and that the run is gone on from with it.
package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"orrery/netsync"
	"orrery/netsync/zmq"
	"orrery/scheduler/trace"
)

func TestKilledRunHasWhatWasAcknowledged(t *testing.T) {
	name := written(t, actedOn)
	for want, last := range map[string]netsync.Request{
		"call":    {Do: netsync.DoCall, Service: "put", Args: []json.RawMessage{[]byte(`"y"`), []byte("2")}},
		"set":     {Do: netsync.DoSet, Param: "fanout", Node: "store", Value: []byte("9")},
		"publish": {Do: netsync.DoPublish, Feed: "news/a", Value: []byte("1")},
		"push":    {Do: netsync.DoPush, Pipe: "orders", Value: []byte("1")},
		"send":    {Do: netsync.DoSend, Nodes: []string{"store"}, Kind: "reset", Fields: map[string]json.RawMessage{"by": []byte("1")}},
		"crash":   {Do: netsync.DoFault, Fault: "crash", Nodes: []string{"client"}, Lasting: 1e9},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "run.mcap")
			sim := startSim(t, name, "--seed", "1", "--quiet", "--pace", "0.1", "--publish", ipcAt(t), "--trace", file)
			c, err := zmq.Dial(t.Context(), zmq.DialConfig{Endpoint: sim.requests, Type: "REQ"})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			acknowledged := map[string]bool{want: true, "set": true}
			set := netsync.Request{Do: netsync.DoSet, Param: "fanout", Node: "store", Value: []byte("8")}
			for id, r := range []netsync.Request{set, set, last} {
				r.Version, r.ID = netsync.Version, uint64(id+1)
				if err := c.Send([][]byte{netsync.AppendRequest(nil, r)}); err != nil {
					t.Fatal(err)
				}
				parts, err := c.Receive()
				if err != nil {
					t.Fatal(err)
				}
				if reply, _, err := netsync.ParseReply(parts); err != nil || reply.Error != nil || strings.Contains(string(reply.OK), "pending") {
					t.Fatalf("%s: %s, %v", r.Do, parts, err)
				}
			}
			if err := sim.command.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			sim.command.Wait() // killed
			found, inputs := inputsOf(t, file+partSuffix)
			for verb := range acknowledged {
				if !found[verb] {
					t.Errorf("the trace has no %s, and it was acknowledged: %s", verb, inputs)
				}
			}
			on := filepath.Join(filepath.Dir(file), "on.mcap")
			for _, args := range [][]string{
				{"log", "recover", file + partSuffix, file}, {"replay", file},
				{"run", "--from", file, "--at", "0s", "--until", "2s", "--trace", on, "--quiet"}, {"replay", on},
			} {
				var out, said bytes.Buffer
				if code := run(args, nil, &out, &said); code != exitFine {
					t.Fatalf("sim %s: %d, %s%s", strings.Join(args, " "), code, &out, &said)
				}
			}
			verbs, again := inputsOf(t, on)
			if after, same := strings.CutPrefix(again, inputs); !same || (after != "") != (want == "crash") {
				t.Errorf("%s\nand in what goes on from it: %s", inputs, again)
			}
			if want == "crash" && !verbs["start"] {
				t.Errorf("who goes on from it has nothing that ends the crash: %s", again)
			}
		})
	}
}

// inputsOf are the verbs of what came from outside, and all that the trace says of it.
func inputsOf(t *testing.T, name string) (verbs map[string]bool, all string) {
	t.Helper()
	kept, err := openTrace(name)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.file.Close()
	verbs = map[string]bool{}
	err = kept.Each(trace.Inputs, 0, 0, func(m *trace.Entry) error {
		var in trace.Input
		if err := json.Unmarshal(m.Data, &in); err != nil {
			return err
		}
		verbs[in.Verb] = true
		all += string(m.Data) + "\n"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return verbs, all
}
