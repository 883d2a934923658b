package wire

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
)

// message is an error's message without its code.
func message(err error) string {
	var e *zerodb.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// FailureOf makes the message of an error.
func FailureOf(err error) *protocol.Failure {
	f := &protocol.Failure{}
	var script *zerodb.ScriptError
	if errors.As(err, &script) {
		f.Script, f.Statement = true, StatementOf(script.Statement)
		f.Took, f.Undone, f.Pending = uint32(script.Took), uint32(script.Undone), uint32(script.Pending)
	}
	var many zerodb.Errors
	var one *zerodb.Error
	switch {
	case errors.As(err, &many):
		for _, e := range many {
			f.Faults = append(f.Faults, faultOf(e))
		}
	case errors.As(err, &one):
		f.Faults = []*protocol.Fault{faultOf(one)}
	default:
		f.Faults = []*protocol.Fault{faultOf(plain(err))}
	}
	return f
}

// plain makes an error with a code of one without.
func plain(err error) *zerodb.Error {
	code := ops.CodeInternal
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		code = ops.CodeDeadline
	case errors.Is(err, context.Canceled):
		code = ops.CodeCancelled
	}
	return ops.Errorf(code, "%s", err.Error())
}

// Fault is one error as a message.
func Fault(err error) *protocol.Fault { return FailureOf(err).Faults[0] }

func faultOf(e *zerodb.Error) *protocol.Fault {
	f := &protocol.Fault{Code: string(e.Code), Message: valid(e.Message), Hint: valid(e.Hint),
		Start: uint32(max(e.Span.Start, 0)), End: uint32(max(e.Span.End, 0)), RetryAfterMs: uint32(e.RetryAfter.Milliseconds())}
	if c := e.Conflict; c != nil {
		f.ConflictKey, f.ConflictTime, f.RetryNow = valid(c.Key), c.Other, c.RetryNow
	}
	return f
}

// valid makes a text fit for a field of the protocol.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// ErrorOf is the error that a message was made of. The text is that of the request, for errors of its statements.
func ErrorOf(f *protocol.Failure, text string) error {
	errs := make(zerodb.Errors, 0, len(f.GetFaults()))
	for _, x := range f.GetFaults() {
		errs = append(errs, ErrorOfFault(x))
	}
	var err error = errs
	switch len(errs) {
	case 0:
		err = ops.Errorf(ops.CodeInternal, "the server failed and did not say why")
	case 1:
		err = errs[0]
	}
	if !f.GetScript() {
		return err
	}
	return &zerodb.ScriptError{Err: err, Statement: Statement(f.Statement, text), Took: int(f.Took), Undone: int(f.Undone), Pending: int(f.Pending)}
}

// ErrorOfFault is one error.
func ErrorOfFault(x *protocol.Fault) *zerodb.Error {
	e := &ops.Error{Code: zerodb.Code(x.GetCode()), Message: x.GetMessage(), Hint: x.GetHint(),
		Span: ops.Span{Start: int(x.GetStart()), End: int(x.GetEnd())}, RetryAfter: time.Duration(x.GetRetryAfterMs()) * time.Millisecond}
	switch e.Code {
	case ops.CodeConflict:
		e.Conflict = &ops.ConflictInfo{Key: x.GetConflictKey(), Other: x.GetConflictTime(), RetryNow: x.GetRetryNow()}
	case ops.CodeDeadline:
		e.Err = context.DeadlineExceeded
	case ops.CodeCancelled:
		e.Err = context.Canceled
	}
	return e
}

// statusCodes are gRPC's codes of ours; what is not here is InvalidArgument: the request is at fault.
var statusCodes = map[zerodb.Code]codes.Code{
	ops.CodeUnsupported:         codes.Unimplemented,
	ops.CodeAlreadyExists:       codes.AlreadyExists,
	ops.CodeUnique:              codes.AlreadyExists,
	ops.CodeNotFound:            codes.NotFound,
	ops.CodeUnknownTable:        codes.NotFound,
	ops.CodeUnknownProgram:      codes.NotFound,
	ops.CodeConflict:            codes.Aborted,
	ops.CodeMemoryBudget:        codes.ResourceExhausted,
	ops.CodeOverloaded:          codes.ResourceExhausted,
	ops.CodeTooLarge:            codes.ResourceExhausted,
	ops.CodeCancelled:           codes.Canceled,
	ops.CodeDeadline:            codes.DeadlineExceeded,
	ops.CodeAssert:              codes.FailedPrecondition,
	ops.CodeReadOnly:            codes.FailedPrecondition,
	ops.CodeRecompile:           codes.FailedPrecondition,
	ops.CodeTransaction:         codes.FailedPrecondition,
	ops.CodeReadOnlyTransaction: codes.FailedPrecondition,
	ops.CodeCostExceeded:        codes.PermissionDenied,
	ops.CodePermission:          codes.PermissionDenied,
	ops.CodeUnauthenticated:     codes.Unauthenticated,
	ops.CodeClosed:              codes.Unavailable,
	ops.CodeUnavailable:         codes.Unavailable,
	ops.CodeCorrupt:             codes.DataLoss,
	ops.CodeIO:                  codes.Internal,
	ops.CodeInternal:            codes.Internal,
}

// Status is an error as gRPC returns it: a code of gRPC's, the message, and a Failure as its detail.
func Status(err error) error {
	if err == nil {
		return nil
	}
	f := FailureOf(err)
	code, ok := statusCodes[zerodb.Code(f.Faults[0].Code)]
	if !ok {
		code = codes.InvalidArgument
	}
	st, detailErr := status.New(code, valid(err.Error())).WithDetails(protoadapt.MessageV1Of(f))
	if detailErr != nil {
		return status.Error(code, valid(err.Error()))
	}
	return st.Err()
}

// FromStatus is the error that a gRPC call returned: what the server said, or why it could not be asked.
func FromStatus(err error, text string) error {
	if err == nil {
		return nil
	}
	st, ok := status.FromError(err)
	if !ok {
		return plain(err)
	}
	for _, d := range st.Details() {
		if f, ok := d.(*protocol.Failure); ok {
			return ErrorOf(f, text)
		}
	}
	e := ops.Errorf(ops.CodeInternal, "%s", st.Message())
	switch st.Code() {
	case codes.Unavailable:
		e.Code, e.Hint = ops.CodeUnavailable, "is the server running, and is this its address?"
	case codes.DeadlineExceeded:
		e.Code, e.Err = ops.CodeDeadline, context.DeadlineExceeded
	case codes.Canceled:
		e.Code, e.Err = ops.CodeCancelled, context.Canceled
	case codes.ResourceExhausted:
		e.Code = ops.CodeTooLarge
	case codes.Unimplemented:
		e.Code = ops.CodeUnsupported
	case codes.Unauthenticated:
		e.Code = ops.CodeUnauthenticated
	case codes.PermissionDenied:
		e.Code = ops.CodePermission
	case codes.InvalidArgument:
		e.Code = ops.CodeBadRequest
	}
	return e
}
