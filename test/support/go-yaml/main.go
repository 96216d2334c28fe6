// Reads YAML documents with the two readers that Kubernetes tools use.
//
// Standard input holds one JSON string a document. Each gives one line of JSON on standard output: an object with a
// reading of gopkg.in/yaml.v3 and one of sigs.k8s.io/yaml (go-yaml v2, what kubectl and Flux use), each either
// {"value": …} or {"error": "…"}. Keys that are not strings, times and other values that JSON does not have are an
// error, because JSON would hide them. The exit code is 0 at the end of the input, 1 when it is not JSON.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	yamlv3 "gopkg.in/yaml.v3"
	kubernetes "sigs.k8s.io/yaml"
)

type reading struct {
	Value interface{} `json:"value"`
	Error string      `json:"error,omitempty"`
}

func main() {
	input := json.NewDecoder(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for {
		var document string
		err := input.Decode(&document)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = output.Encode(map[string]reading{"v3": readV3(document), "kubernetes": readKubernetes(document)})
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func readV3(document string) reading {
	var value interface{}
	if err := yamlv3.Unmarshal([]byte(document), &value); err != nil {
		return reading{Error: err.Error()}
	}
	if err := onlyJSON(value); err != nil {
		return reading{Error: err.Error()}
	}
	return reading{Value: value}
}

func readKubernetes(document string) reading {
	text, err := kubernetes.YAMLToJSONStrict([]byte(document))
	if err != nil {
		return reading{Error: err.Error()}
	}
	return reading{Value: json.RawMessage(text)}
}

func onlyJSON(value interface{}) error {
	switch typed := value.(type) {
	case nil, bool, string, int, int64, uint64, float64:
		return nil
	case []interface{}:
		for _, item := range typed {
			if err := onlyJSON(item); err != nil {
				return err
			}
		}
		return nil
	case map[string]interface{}:
		for _, item := range typed {
			if err := onlyJSON(item); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("read as %T: %v", typed, typed)
	}
}
