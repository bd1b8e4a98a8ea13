// A client as Go's net/http makes it: url, then what it sends. It ends with an error unless each answer is 202 and names an event.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func post(client *http.Client, url string, body io.Reader, headers ...string) error {
	request, err := http.NewRequest("POST", url, body)
	if err != nil {
		return err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var told struct{ Event int }
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != 202 || told.Event == 0 {
		return fmt.Errorf("%v: %s, event %d", headers, answer.Status, told.Event)
	}
	return err
}

func main() {
	url := os.Args[1]
	text := `{"x":"` + strings.Repeat("y", 100000) + `"}`
	var packed bytes.Buffer
	packer := gzip.NewWriter(&packed)
	packer.Write([]byte(text))
	packer.Close()
	for _, keep := range []bool{true, false} {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: !keep, ExpectContinueTimeout: 20 * time.Second}}
		for i := 0; i < 3; i++ {
			for _, err := range []error{
				post(client, url, strings.NewReader(text), "content-type", "application/json"),
				// A reader of unknown length goes chunked.
				post(client, url, io.MultiReader(strings.NewReader(text))),
				post(client, url, strings.NewReader(text), "expect", "100-continue"),
				post(client, url, bytes.NewReader(packed.Bytes()), "content-encoding", "gzip"),
			} {
				if err != nil {
					fmt.Println(err)
					os.Exit(1)
				}
			}
		}
	}
}
