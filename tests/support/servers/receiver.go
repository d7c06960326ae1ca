// Reads forms with Go's own net/http, and says in base64 what it found: file name, file and metadata, a line each.
// The first line of the output is the port on loopback; the end of the input is the end of the server.
package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func read(answer http.ResponseWriter, request *http.Request) {
	err := request.ParseMultipartForm(64 << 20)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	files, metadata := request.MultipartForm.File, []byte(request.FormValue("metadata"))
	if len(files["file"]) == 0 {
		http.Error(answer, "no file", http.StatusBadRequest)
		return
	}
	if len(files["metadata"]) > 0 {
		metadata = content("metadata", request)
	}
	for _, told := range [][]byte{[]byte(files["file"][0].Filename), content("file", request), metadata} {
		fmt.Fprintln(answer, base64.StdEncoding.EncodeToString(told))
	}
}

func content(part string, request *http.Request) []byte {
	file, _, err := request.FormFile(part)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	found, err := io.ReadAll(file)
	if err != nil {
		panic(err)
	}
	return found
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go http.Serve(listener, http.HandlerFunc(read))
	io.Copy(io.Discard, os.Stdin)
}
