package ops

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zeebo/blake3"
)

// octets returns argument i, a string or a byte string, as bytes, not to be changed.
func octets(a []Value, i int) []byte {
	if a[i].kind == KindBytes {
		return a[i].AsBytes()
	}
	return []byte(a[i].AsString())
}

var textOrBytes = []string{"data: bytes -> string", "data: string -> string"}

func encodingFuncs() []Func {
	return []Func{
		fn("encoding::json_encode", []string{"value: any -> string"}, "The value as JSON.", `encoding::json_encode({ a: [1, none] })`, `"{\"a\":[1,null]}"`,
			func(_ *Env, a []Value) (Value, error) { return textOf(string(AppendJSON(nil, a[0]))) }),
		fn("encoding::json_decode", []string{"text: string -> any"}, "The value that a text of JSON writes.", `encoding::json_decode('{"a":[1,null]}')`, "{ a: [1, none] }",
			func(_ *Env, a []Value) (Value, error) {
				v, err := ParseJSON([]byte(a[0].AsString()))
				if err != nil {
					return None, faultOf(CodeCast, 0, "is no JSON: %s", messageOf(err))
				}
				return v, nil
			}),
		fn("encoding::base64_encode", textOrBytes, "The bytes, or the UTF-8 of a string, as base64 with padding.",
			`encoding::base64_encode("zero")`, `"emVybw=="`, func(_ *Env, a []Value) (Value, error) {
				return textOf(base64.StdEncoding.EncodeToString(octets(a, 0)))
			}),
		fn("encoding::base64_decode", []string{"text: string -> bytes"}, "The bytes that a text of base64 writes: of either alphabet, with or without padding.",
			`encoding::base64_decode("emVybw")`, `b"zero"`, func(_ *Env, a []Value) (Value, error) {
				s := strings.TrimRight(a[0].AsString(), "=")
				b, err := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(s))
				if err != nil {
					return None, faultOf(CodeCast, 0, "is no base64")
				}
				return Bytes(b), nil
			}),
		fn("encoding::hex_encode", textOrBytes, "The bytes, or the UTF-8 of a string, as hexadecimal digits.",
			`encoding::hex_encode("zero")`, `"7a65726f"`, func(_ *Env, a []Value) (Value, error) {
				return textOf(hex.EncodeToString(octets(a, 0)))
			}),
		fn("encoding::hex_decode", []string{"text: string -> bytes"}, "The bytes that hexadecimal digits write.", `encoding::hex_decode("7A65726f")`, `b"zero"`,
			func(_ *Env, a []Value) (Value, error) {
				b, err := hex.DecodeString(a[0].AsString())
				if err != nil {
					return None, faultOf(CodeCast, 0, "is no even number of hexadecimal digits")
				}
				return Bytes(b), nil
			}),
		fn("encoding::url_encode", []string{"text: string -> string"}, "The text as a part of an address.", `encoding::url_encode("a b&c")`, `"a+b%26c"`,
			func(_ *Env, a []Value) (Value, error) { return textOf(url.QueryEscape(a[0].AsString())) }),
		fn("encoding::url_decode", []string{"text: string -> string"}, "The text that a part of an address writes.", `encoding::url_decode("a+b%26c")`, `"a b&c"`,
			func(_ *Env, a []Value) (Value, error) {
				s, err := url.QueryUnescape(a[0].AsString())
				if err != nil || !utf8.ValidString(s) {
					return None, faultOf(CodeCast, 0, "is no part of an address")
				}
				return String(s), nil
			}),
		fn("bytes::len", []string{"data: bytes -> int"}, "The number of bytes.", `bytes::len(b"\x00\x01")`, "2",
			func(_ *Env, a []Value) (Value, error) { return Int(int64(len(a[0].AsBytes()))), nil }),
		fn("encoding::utf8_decode", []string{"data: bytes -> string"}, "The text that bytes of UTF-8 write.", `encoding::utf8_decode(b"\xc3\xb1")`, `"ñ"`,
			func(_ *Env, a []Value) (Value, error) {
				if !utf8.Valid(a[0].AsBytes()) {
					return None, faultOf(CodeCast, 0, "is no UTF-8")
				}
				return String(string(a[0].AsBytes())), nil
			}),
		fn("encoding::utf8_encode", []string{"text: string -> bytes"}, "The bytes of a text in UTF-8.", `encoding::utf8_encode("ñ")`, `b"\xc3\xb1"`,
			func(_ *Env, a []Value) (Value, error) { return Bytes([]byte(a[0].AsString())), nil }),
	}
}

func cryptoFuncs() []Func {
	digest := func(name, doc, result string, f func(b []byte) []byte) Func {
		return fn("crypto::"+name, textOrBytes, doc+" of bytes, or of the UTF-8 of a string, in hexadecimal.",
			`string::slice(crypto::`+name+`("zero"), 0, 8)`, result,
			func(_ *Env, a []Value) (Value, error) { return String(hex.EncodeToString(f(octets(a, 0)))), nil })
	}
	return []Func{
		digest("md5", "The MD5 digest (broken: for old data, not for secrets)", `"d02c4c4c"`, func(b []byte) []byte { s := md5.Sum(b); return s[:] }),
		digest("sha1", "The SHA-1 digest (broken: for old data, not for secrets)", `"aa8c4133"`, func(b []byte) []byte { s := sha1.Sum(b); return s[:] }),
		digest("sha256", "The SHA-256 digest", `"f9194e73"`, func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }),
		digest("sha224", "The SHA-224 digest", `"35cd2f4a"`, func(b []byte) []byte { s := sha256.Sum224(b); return s[:] }),
		digest("sha384", "The SHA-384 digest", `"461aa3a1"`, func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }),
		digest("sha3_256", "The SHA3-256 digest", `"c6a86595"`, func(b []byte) []byte { s := sha3.Sum256(b); return s[:] }),
		digest("sha3_512", "The SHA3-512 digest", `"c2ed3c5e"`, func(b []byte) []byte { s := sha3.Sum512(b); return s[:] }),
		digest("blake3", "The BLAKE3 digest", `"4f2cfe7f"`, func(b []byte) []byte { s := blake3.Sum256(b); return s[:] }),
		digest("crc32", "The CRC-32 checksum (IEEE; no protection against intent)", `"abdef192"`, func(b []byte) []byte {
			return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b))
		}),
		digest("sha512", "The SHA-512 digest", `"2dc48a94"`, func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }),
	}
}

func encodingMore() []Func {
	pair := func(name, doc, example string, encode func([]byte) string, decode func(string) ([]byte, error)) []Func {
		return []Func{
			fn("encoding::"+name+"_encode", textOrBytes, "Bytes, or the UTF-8 of a string, as "+doc+".", `encoding::`+name+`_encode("zero?>")`, example,
				func(_ *Env, a []Value) (Value, error) { return textOf(encode(octets(a, 0))) }),
			fn("encoding::"+name+"_decode", []string{"text: string -> bytes"}, "The bytes that "+doc+" writes.", `encoding::`+name+`_decode(`+example+`)`, `b"zero?>"`,
				func(_ *Env, a []Value) (Value, error) {
					b, err := decode(a[0].AsString())
					if err != nil {
						return None, faultOf(CodeCast, 0, "is not %s", doc)
					}
					return Bytes(b), nil
				}),
		}
	}
	return slices.Concat(
		pair("base64url", "base64 for addresses, without padding", `"emVybz8-"`, base64.RawURLEncoding.EncodeToString, base64.RawURLEncoding.DecodeString),
		pair("base32", "base32", `"PJSXE3Z7HY======"`, base32.StdEncoding.EncodeToString, base32.StdEncoding.DecodeString),
		[]Func{
			fn("bytes::slice", []string{"data: bytes, from: int, to?: int -> bytes"}, "The bytes from one index to before another; negative ones count from the end.", `bytes::slice(b"abcd", 1, -1)`, `b"bc"`,
				func(_ *Env, a []Value) (Value, error) {
					b := a[0].AsBytes()
					i, j := position(a[1].AsInt(), len(b)), position(intOr(a, 2, int64(len(b))), len(b))
					return Bytes(b[min(i, j):j]), nil
				}),
			fn("bytes::concat", []string{"parts...: bytes -> bytes"}, "The bytes one behind another.", `bytes::concat(b"a", b"b")`, `b"ab"`, func(_ *Env, a []Value) (Value, error) {
				var out []byte
				for i, v := range a {
					if len(out)+len(v.AsBytes()) > maxText {
						return None, tooLarge(i, maxText, "bytes")
					}
					out = append(out, v.AsBytes()...)
				}
				return Bytes(out), nil
			}),
			fn("bytes::reverse", []string{"data: bytes -> bytes"}, "The bytes from the last to the first.", `bytes::reverse(b"ab")`, `b"ba"`, func(_ *Env, a []Value) (Value, error) {
				b := slices.Clone(a[0].AsBytes())
				slices.Reverse(b)
				return Bytes(b), nil
			}),
		})
}
