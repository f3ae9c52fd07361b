// Logclient reads a log as any C2SP tlog-tiles client would, with code that other people wrote:
// signed notes and tiles by golang.org/x/mod/sumdb, proofs by github.com/transparency-dev/merkle.
//
//	logclient SERVER VERIFIER-KEY          checkpoint, every tile and every entry
//	logclient SERVER VERIFIER-KEY proofs   and receipts and consistency proofs of the API
//
// It prints what it has verified as one JSON object, or says what is wrong and ends with 1.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight  = 8
	bundleWidth = 1 << tileHeight
)

type log struct {
	server   string
	verifier note.Verifier
}

type tree struct {
	size int64
	root tlog.Hash
}

func main() {
	verified, err := verify(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "logclient:", err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(verified)
}

func verify(arguments []string) (map[string]int64, error) {
	if len(arguments) < 2 {
		return nil, errors.New("usage: logclient SERVER VERIFIER-KEY [proofs]")
	}
	verifier, err := note.NewVerifier(arguments[1])
	if err != nil {
		return nil, err
	}
	l := &log{strings.TrimRight(arguments[0], "/"), verifier}
	signed, err := l.get("/checkpoint")
	if err != nil {
		return nil, err
	}
	head, err := l.open(string(signed))
	if err != nil {
		return nil, err
	}
	reader := tlog.TileHashReader(tlog.Tree{N: head.size, Hash: head.root}, l)
	entries, err := l.verifyEntries(head, reader)
	if err != nil {
		return nil, err
	}
	verified := map[string]int64{"size": head.size, "entries": entries}
	if len(arguments) == 2 {
		return verified, nil
	}
	if verified["receipts"], err = l.verifyReceipts(head); err != nil {
		return nil, err
	}
	verified["consistencyProofs"], err = l.verifyConsistency(head, reader)
	return verified, err
}

// open verifies a signed note and reads the checkpoint in it.
func (l *log) open(signed string) (tree, error) {
	opened, err := note.Open([]byte(signed), note.VerifierList(l.verifier))
	if err != nil {
		return tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != l.verifier.Name() || lines[3] != "" {
		return tree{}, fmt.Errorf("checkpoint: not of three lines under %s", l.verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree{}, errors.New("checkpoint: the root is not 32 bytes in base64")
	}
	return tree{size, tlog.Hash(root)}, nil
}

// verifyEntries hashes every entry and has the hash proven by tiles that lead to the root.
func (l *log) verifyEntries(head tree, reader tlog.HashReader) (int64, error) {
	for first := int64(0); first < head.size; first += bundleWidth {
		width := min(int64(bundleWidth), head.size-first)
		entries, err := l.bundle(first/bundleWidth, int(width))
		if err != nil {
			return 0, err
		}
		indexes := make([]int64, width)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return 0, err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != hashes[i] {
				return 0, fmt.Errorf("entry %d is not the one in the tree", first+int64(i))
			}
		}
	}
	return head.size, nil
}

// verifyReceipts verifies the tlog-proof in the receipts of entries all over the log.
func (l *log) verifyReceipts(head tree) (int64, error) {
	count := int64(0)
	for _, index := range spread(head.size) {
		body, err := l.get(fmt.Sprintf("/v1/receipts/%d", index))
		if err != nil {
			return 0, err
		}
		var receipt struct {
			Index uint64
			Leaf  []byte
			Proof string
		}
		if err := json.Unmarshal(body, &receipt); err != nil {
			return 0, err
		}
		if err := l.verifyInclusion(uint64(index), receipt.Leaf, receipt.Proof); err != nil {
			return 0, fmt.Errorf("receipt %d: %w", index, err)
		}
		count++
	}
	return count, nil
}

func (l *log) verifyInclusion(index uint64, leaf []byte, text string) error {
	begin := fmt.Sprintf("c2sp.org/tlog-proof@v1\nindex %d\n", index)
	rest, found := strings.CutPrefix(text, begin)
	if !found {
		return fmt.Errorf("it does not begin with %q", begin)
	}
	encoded, checkpoint, found := strings.Cut("\n"+rest, "\n\n")
	if !found {
		return errors.New("no checkpoint follows the proof")
	}
	path, err := decodeHashes(strings.Fields(encoded))
	if err != nil {
		return err
	}
	head, err := l.open(checkpoint)
	if err != nil {
		return err
	}
	leafHash := rfc6962.DefaultHasher.HashLeaf(leaf)
	return proof.VerifyInclusion(
		rfc6962.DefaultHasher, index, uint64(head.size), leafHash, path, head.root[:])
}

// verifyConsistency verifies that trees of earlier sizes, whose roots it computes itself from
// tiles, are beginnings of the present one.
func (l *log) verifyConsistency(head tree, reader tlog.HashReader) (int64, error) {
	count := int64(0)
	for _, last := range spread(head.size) {
		size := last + 1
		root, err := tlog.TreeHash(size, reader)
		if err != nil {
			return 0, err
		}
		body, err := l.get(fmt.Sprintf("/v1/log/consistency?first=%d&second=%d", size, head.size))
		if err != nil {
			return 0, err
		}
		var answer struct{ Proof [][]byte }
		if err := json.Unmarshal(body, &answer); err != nil {
			return 0, err
		}
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher,
			uint64(size), uint64(head.size), answer.Proof, root[:], head.root[:]); err != nil {
			return 0, fmt.Errorf("consistency of %d: %w", size, err)
		}
		count++
	}
	return count, nil
}

// spread gives both ends of a log, what lies around its powers of two, and some between.
func spread(size int64) []int64 {
	wanted := []int64{0, size - 1, size - 2, size / 3, size / 2}
	for power := int64(2); power <= size; power *= 2 {
		wanted = append(wanted, power-2, power-1, power)
	}
	seen := map[int64]bool{}
	var found []int64
	for _, index := range wanted {
		if 0 <= index && index < size && !seen[index] {
			seen[index] = true
			found = append(found, index)
		}
	}
	return found
}

// bundle fetches the entries of one tile.
func (l *log) bundle(n int64, width int) ([][]byte, error) {
	tile := tlog.Tile{H: tileHeight, L: -1, N: n, W: width}
	path := "/" + strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
	data, err := l.get(path)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) >= 2 {
		end := 2 + int(binary.BigEndian.Uint16(data))
		if end > len(data) {
			break
		}
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(data) > 0 || len(entries) != width {
		return nil, fmt.Errorf("%s: %d entries, not %d", path, len(entries), width)
	}
	return entries, nil
}

// Height, ReadTiles and SaveTiles make the log a tlog.TileReader.
func (l *log) Height() int { return tileHeight }

// ReadTiles fetches tiles; what they hold is verified by tlog.
func (l *log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		body, err := l.get("/" + strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		data[i] = body
	}
	return data, nil
}

// SaveTiles keeps nothing.
func (l *log) SaveTiles([]tlog.Tile, [][]byte) {}

func (l *log) get(path string) ([]byte, error) {
	response, err := http.Get(l.server + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	}
	return body, nil
}

func decodeHashes(encoded []string) ([][]byte, error) {
	hashes := make([][]byte, len(encoded))
	for i, text := range encoded {
		hash, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		hashes[i] = hash
	}
	return hashes, nil
}
