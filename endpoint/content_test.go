package endpoint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

func TestDetectMIME(t *testing.T) {
	check := func(want, data, name string) {
		t.Helper()
		require.Equal(t, want, endpoint.DetectMIME([]byte(data), name))
	}
	check("image/jpeg", "\xff\xd8\xff\xe0\x00\x10JFIF", "")
	check("image/png", "\x89PNG\r\n\x1a\n\x00", "")
	check("image/gif", "GIF89a\x01", "")
	check("image/gif", "GIF87a\x01", "")
	check("image/webp", "RIFF\x24\x00\x00\x00WEBPVP8 ", "")
	check("application/pdf", "%PDF-1.7\n", "")
	check("video/mp4", "\x00\x00\x00\x18ftypmp42", "")
	check("video/quicktime", "\x00\x00\x00\x14ftypqt  ", "")
	check("video/x-msvideo", "RIFF\x24\x00\x00\x00AVI LIST", "")
	check("audio/mpeg", "ID3\x04\x00", "")
	check("audio/mpeg", "\xff\xfb\x90\x64", "")
	check("audio/mpeg", "\xff\xf3\x90\x64", "")
	check("audio/wav", "RIFF\x24\x00\x00\x00WAVEfmt ", "")
	check("audio/ogg", "OggS\x00\x02", "")

	check("image/png", "\x89PNG\r\n\x1a\n", "wrong.jpg") // the content is right, the name is not
	check("image/png", "no magic", "A.PNG")
	check("image/jpeg", "", "a.b.jpeg")
	check("video/quicktime", "", "dir.png/clip.mov")
	check("", "\xff\xf1\x50\x80", "")                 // AAC, which has the same first byte as MP3
	check("", "12345678WEBP", "")                     // not a RIFF file
	check("", "RIFF", "")                             // cut off
	check("", "plain text", "note.txt")               // a type that no provider takes
	check("", "", "")                                 // nothing to go by
	check("", "\x00\x00\x00\x18skip", "no-extension") // no magic, no extension
}

func TestFromFile(t *testing.T) {
	write := func(name, data string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(data), 0o600))
		return path
	}
	path := write("cat.bin", "GIF89a...")
	image, err := endpoint.FromFile[endpoint.Image](path)
	require.NoError(t, err)
	require.Equal(t, endpoint.Image{MIME: "image/gif", Data: []byte("GIF89a..."), Path: path}, image)

	_, err = endpoint.FromFile[endpoint.Document](write("a.txt", "text"))
	require.ErrorContains(t, err, "a.txt: unknown media type")
	_, err = endpoint.FromFile[endpoint.Audio](filepath.Join(t.TempDir(), "none.wav"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestFromBytes(t *testing.T) {
	audio, err := endpoint.FromBytes[endpoint.Audio]([]byte("OggS"))
	require.NoError(t, err)
	require.Equal(t, "audio/ogg", audio.MIME)
	_, err = endpoint.FromBytes[endpoint.Video]([]byte("text"))
	require.ErrorContains(t, err, "unknown media type")
}
