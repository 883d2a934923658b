package ops

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"golang.org/x/crypto/argon2"
	//lint:ignore SA1019 bcrypt is defined over it
	"golang.org/x/crypto/blowfish"
	"golang.org/x/crypto/scrypt"
)

// Hashes of passwords are texts that say how they were made, so that one can be checked after the settings have changed.
// The settings of a text that is given are bounded: it may come from anywhere.

// password is a way of hashing passwords.
type password struct {
	name, doc, example string
	hash               func(env *Env, secret []byte) (string, error)
	// matches recomputes a hash; ok is false where the text is none, or asks for too much.
	matches func(text string, secret []byte) (same, ok bool)
}

func secretFuncs() []Func {
	var fs []Func
	for _, p := range []password{
		{"argon2", "Argon2id", "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", argon2Hash, argon2Matches},
		{"bcrypt", "bcrypt, which looks at the first 72 bytes", "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm", bcryptHash, bcryptMatches},
		{"pbkdf2", "PBKDF2 with SHA-256", "$pbkdf2-sha256$i=9,l=32$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", pbkdf2Hash, pbkdf2Matches},
		{"scrypt", "scrypt", "$scrypt$ln=4,r=8,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", scryptHash, scryptMatches},
	} {
		module := "crypto::" + p.name
		fs = append(fs, needs(CapabilityRandom, fn(module+"::generate", []string{"password: string -> string"},
			"A salted hash of a password by "+p.doc+", to be kept and given to "+module+"::compare. It takes a while, on purpose.",
			module+`::compare(`+module+`::generate("secret"), "secret")`, "true", func(env *Env, a []Value) (Value, error) {
				if err := shortPassword(a, 0); err != nil {
					return None, err
				}
				text, err := p.hash(env, []byte(a[0].AsString()))
				return String(text), err
			})))
		fs = append(fs, fn(module+"::compare", []string{"hash: string, password: string -> bool"},
			"Whether a password is the one that a hash by "+p.doc+" was made of.",
			module+`::compare("`+p.example+`", "guess")`, "false", func(_ *Env, a []Value) (Value, error) {
				if err := shortPassword(a, 1); err != nil {
					return None, err
				}
				same, ok := p.matches(a[0].AsString(), []byte(a[1].AsString()))
				if !ok {
					return None, fault(0, "is no hash by %s, or one that would take too long", p.name)
				}
				return Bool(same), nil
			}))
	}
	return append(fs, macFuncs()...)
}

// maxPassword bounds passwords: what is longer is a mistake, or worse.
const maxPassword = 4096

func shortPassword(a []Value, i int) error {
	if len(a[i].AsString()) > maxPassword {
		return faultOf(CodeTooLarge, i, "has more than %d bytes", maxPassword)
	}
	return nil
}

// HashPassword makes the hash that a user's password is kept as.
func HashPassword(env *Env, password string) (string, error) {
	switch {
	case password == "":
		return "", Errorf(CodeArgument, "a password cannot be empty")
	case len(password) > maxPassword:
		return "", Errorf(CodeTooLarge, "a password has at most %d bytes", maxPassword)
	}
	return argon2Hash(env, []byte(password))
}

// IsPassword reports whether a password is the one that a hash by HashPassword was made of.
func IsPassword(hash, password string) bool {
	if len(password) > maxPassword {
		return false
	}
	same, ok := argon2Matches(hash, []byte(password))
	return same && ok
}

var b64 = base64.RawStdEncoding

func salted(env *Env) ([]byte, error) {
	salt := make([]byte, 16)
	return salt, env.random(salt)
}

func equalSecrets(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// saltAndSum decodes the last two parts of a hash's text.
func saltAndSum(salt, sum string) (s, d []byte, ok bool) {
	s, err := b64.DecodeString(salt)
	d, err2 := b64.DecodeString(sum)
	return s, d, err == nil && err2 == nil && len(s) >= 8 && len(s) <= 64 && len(d) >= 16 && len(d) <= 64
}

// ---- Argon2id, with the settings that OWASP names first for little memory

const (
	argon2Memory, argon2Time, argon2Lanes = 19 << 10, 2, 1

	argon2MostMemory, argon2MostTime, argon2MostLanes = 64 << 10, 8, 8
)

func argon2Hash(env *Env, secret []byte) (string, error) {
	salt, err := salted(env)
	if err != nil {
		return "", err
	}
	sum := argon2.IDKey(secret, salt, argon2Time, argon2Memory, argon2Lanes, 32)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argon2Memory, argon2Time, argon2Lanes, b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

func argon2Matches(text string, secret []byte) (same, ok bool) {
	parts := strings.Split(text, "$")
	var version int
	var memory, time uint32
	var lanes uint8
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false, false
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &lanes); err != nil {
		return false, false
	}
	if time == 0 || lanes == 0 || memory > argon2MostMemory || time > argon2MostTime || lanes > argon2MostLanes {
		return false, false
	}
	salt, sum, ok := saltAndSum(parts[4], parts[5])
	if !ok {
		return false, false
	}
	return equalSecrets(sum, argon2.IDKey(secret, salt, time, memory, lanes, uint32(len(sum)))), true
}

// ---- scrypt

const scryptLog, scryptMostLog, scryptBlock, scryptMostBlock = 15, 16, 8, 16

func scryptHash(env *Env, secret []byte) (string, error) {
	salt, err := salted(env)
	if err != nil {
		return "", err
	}
	sum, err := scrypt.Key(secret, salt, 1<<scryptLog, scryptBlock, 1, 32)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$scrypt$ln=%d,r=%d,p=1$%s$%s", scryptLog, scryptBlock, b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

func scryptMatches(text string, secret []byte) (same, ok bool) {
	parts := strings.Split(text, "$")
	var log, block, lanes int
	if len(parts) != 5 || parts[0] != "" || parts[1] != "scrypt" {
		return false, false
	}
	if _, err := fmt.Sscanf(parts[2], "ln=%d,r=%d,p=%d", &log, &block, &lanes); err != nil {
		return false, false
	}
	if log < 1 || log > scryptMostLog || block < 1 || block > scryptMostBlock || lanes < 1 || lanes > 4 {
		return false, false
	}
	salt, sum, ok := saltAndSum(parts[3], parts[4])
	if !ok {
		return false, false
	}
	key, err := scrypt.Key(secret, salt, 1<<log, block, lanes, len(sum))
	return err == nil && equalSecrets(sum, key), err == nil
}

// ---- PBKDF2

const pbkdf2Rounds, pbkdf2MostRounds = 600_000, 2_000_000

func pbkdf2Hash(env *Env, secret []byte) (string, error) {
	salt, err := salted(env)
	if err != nil {
		return "", err
	}
	sum, err := pbkdf2.Key(sha256.New, string(secret), salt, pbkdf2Rounds, 32)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$pbkdf2-sha256$i=%d,l=32$%s$%s", pbkdf2Rounds, b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

func pbkdf2Matches(text string, secret []byte) (same, ok bool) {
	parts := strings.Split(text, "$")
	var rounds, length int
	if len(parts) != 5 || parts[0] != "" || parts[1] != "pbkdf2-sha256" {
		return false, false
	}
	if _, err := fmt.Sscanf(parts[2], "i=%d,l=%d", &rounds, &length); err != nil || rounds < 1 || rounds > pbkdf2MostRounds {
		return false, false
	}
	salt, sum, ok := saltAndSum(parts[3], parts[4])
	if !ok || len(sum) != length {
		return false, false
	}
	key, err := pbkdf2.Key(sha256.New, string(secret), salt, rounds, length)
	return err == nil && equalSecrets(sum, key), err == nil
}

// ---- bcrypt. Its salt must come from the environment, which the library's own does not allow.

const bcryptCost, bcryptMostCost = 10, 13

var bcrypt64 = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

func bcryptHash(env *Env, secret []byte) (string, error) {
	salt, err := salted(env)
	if err != nil {
		return "", err
	}
	sum, err := bcryptSum(secret, salt, bcryptCost)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$2b$%02d$%s%s", bcryptCost, bcrypt64.EncodeToString(salt), bcrypt64.EncodeToString(sum)), nil
}

func bcryptMatches(text string, secret []byte) (same, ok bool) {
	var cost int
	parts := strings.Split(text, "$")
	if len(parts) != 4 || parts[0] != "" || len(parts[1]) != 2 || parts[1][0] != '2' || !strings.Contains("aby", parts[1][1:]) || len(parts[3]) != 53 {
		return false, false
	}
	if _, err := fmt.Sscanf(parts[2], "%02d", &cost); err != nil || cost < 4 || cost > bcryptMostCost {
		return false, false
	}
	salt, err := bcrypt64.DecodeString(parts[3][:22])
	if err != nil {
		return false, false
	}
	want, err := bcrypt64.DecodeString(parts[3][22:])
	if err != nil {
		return false, false
	}
	sum, err := bcryptSum(secret, salt, cost)
	return err == nil && equalSecrets(want, sum), err == nil
}

// bcryptSum encrypts a phrase with a key that takes 2^cost rounds to set up.
func bcryptSum(secret, salt []byte, cost int) ([]byte, error) {
	key := append([]byte(nil), secret[:min(len(secret), 72)]...)
	key = append(key, 0)[:min(len(key)+1, 72)]
	c, err := blowfish.NewSaltedCipher(key, salt)
	if err != nil {
		return nil, err
	}
	for range 1 << cost {
		blowfish.ExpandKey(key, c)
		blowfish.ExpandKey(salt, c)
	}
	sum := []byte("OrpheanBeholderScryDoubt")
	for i := 0; i < len(sum); i += blowfish.BlockSize {
		for range 64 {
			c.Encrypt(sum[i:i+blowfish.BlockSize], sum[i:i+blowfish.BlockSize])
		}
	}
	return sum[:23], nil // the last byte is left out by everybody
}

// ---- keyed digests

func macFuncs() []Func {
	mac := func(name, result string, new func() hash.Hash) Func {
		return fn("crypto::hmac::"+name, []string{"key: string, data: string -> string", "key: bytes, data: bytes -> string"},
			"The HMAC of data under a key with "+strings.ToUpper(name)+", in hexadecimal.",
			`string::slice(crypto::hmac::`+name+`("key", "zero"), 0, 8)`, result, func(_ *Env, a []Value) (Value, error) {
				h := hmac.New(new, octets(a, 0))
				h.Write(octets(a, 1))
				return String(hex.EncodeToString(h.Sum(nil))), nil
			})
	}
	return []Func{mac("sha256", `"f335e38a"`, sha256.New), mac("sha512", `"ebc4f044"`, sha512.New)}
}
