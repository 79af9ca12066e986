package endpoint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Part is a piece of a user message: [Text], [Image], [Audio], [Video] or [Document]. Each provider's CreatePayload
// turns parts into its own shape and refuses those that it cannot carry.
type Part interface{ part() }

// Text is a part of plain text.
type Text string

// A Media is the content of a file and what it is. Make one with [FromFile] or [FromBytes].
type Media struct {
	MIME string // e.g. "image/png"
	Data []byte
	Path string // where it came from, "" if not from a file
}

// The media parts. The type says how the model is to take it; it is not checked against the MIME type.
type (
	Image    Media
	Audio    Media
	Video    Media
	Document Media
)

func (Text) part()     {}
func (Image) part()    {}
func (Audio) part()    {}
func (Video) part()    {}
func (Document) part() {}

// FromFile reads a media part from a file: endpoint.FromFile[endpoint.Image]("cat.png"). Its MIME type comes from its
// content, else from the file's extension; it fails if neither tells.
func FromFile[M Image | Audio | Video | Document](path string) (M, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return M{}, err
	}
	mime := DetectMIME(data, path)
	if mime == "" {
		return M{}, fmt.Errorf("%s: unknown media type; set it by hand", path)
	}
	return M{MIME: mime, Data: data, Path: path}, nil
}

// FromBytes makes a media part from its content, which must tell its MIME type.
func FromBytes[M Image | Audio | Video | Document](data []byte) (M, error) {
	mime := DetectMIME(data, "")
	if mime == "" {
		return M{}, errors.New("unknown media type: set it by hand")
	}
	return M{MIME: mime, Data: data}, nil
}

var magics = []struct {
	offset int
	magic  string
	mime   string
}{
	{0, "\xff\xd8\xff", "image/jpeg"},
	{0, "\x89PNG\r\n\x1a\n", "image/png"},
	{0, "GIF87a", "image/gif"},
	{0, "GIF89a", "image/gif"},
	{8, "WEBP", "image/webp"},
	{0, "%PDF-", "application/pdf"},
	{4, "ftypqt", "video/quicktime"},
	{4, "ftyp", "video/mp4"},
	{8, "AVI ", "video/x-msvideo"},
	{0, "ID3", "audio/mpeg"},
	{8, "WAVE", "audio/wav"},
	{0, "OggS", "audio/ogg"},
}

var extensions = map[string]string{
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp",
	".pdf": "application/pdf",
	".mp4": "video/mp4", ".mov": "video/quicktime", ".avi": "video/x-msvideo",
	".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg",
}

// DetectMIME tells the MIME type of data from its first bytes, else from the extension of name, which may be "".
// It gives "" if neither is known. The types are those that LLM providers take: JPEG, PNG, GIF, WebP, PDF, MP4,
// QuickTime, AVI, MP3, WAV and Ogg.
func DetectMIME(data []byte, name string) string {
	for _, m := range magics {
		if len(data) < m.offset || !bytes.HasPrefix(data[m.offset:], []byte(m.magic)) {
			continue
		}
		if m.offset == 8 && !bytes.HasPrefix(data, []byte("RIFF")) {
			continue // WebP, AVI and WAV are RIFF files
		}
		return m.mime
	}
	if len(data) >= 2 && data[0] == 0xff && data[1]&0xe6 == 0xe2 { // MPEG audio layer III without ID3
		return "audio/mpeg"
	}
	return extensions[strings.ToLower(filepath.Ext(name))]
}
