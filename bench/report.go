package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// result is one row: a figure against one reference. Values are nanoseconds an operation, except for allocations,
// which are counted.
type result struct {
	Name           string  `json:"name"`
	Value          float64 `json:"value_ns"`
	Reference      string  `json:"reference"`
	ReferenceValue float64 `json:"reference_ns"`
	Ratio          float64 `json:"ratio"`
	Goal           string  `json:"goal"`
	OK             bool    `json:"ok"`

	unit func(nanos float64) string
	of   quantity
}

// rowFormat lays out the table: figure, zerodb, reference, its value, ratio, goal, ok.
const rowFormat = "%-33s %11s   %-7s %11s %7s   %-40s %s\n"

func printHead(w io.Writer) {
	fmt.Fprintf(w, rowFormat, "figure", zerodbName, "beside", "", "ratio", "goal", "reached")
}

func printRows(w io.Writer, rows []result) {
	for _, row := range rows {
		reached, goal := "yes", row.Goal
		switch {
		case goal == "":
			reached, goal = "", "–"
		case !row.OK:
			reached = "NO"
		}
		fmt.Fprintf(w, rowFormat, row.Name, row.show(row.Value), row.Reference, row.show(row.ReferenceValue),
			fmt.Sprintf("%.2f", row.Ratio), goal, reached)
	}
}

func printEnd(w io.Writer, rows []result) {
	goals, reached := 0, 0
	for _, row := range rows {
		if row.Goal != "" {
			goals++
			if row.OK {
				reached++
			}
		}
	}
	fmt.Fprintf(w, "\n%d of %d goals reached\n", reached, goals)
}

func (r result) show(v float64) string {
	switch {
	case v == 0:
		return "–"
	case r.of == allocations:
		return fmt.Sprintf("%.2f", v)
	case r.unit != nil:
		return r.unit(v)
	case v < 1e3:
		return fmt.Sprintf("%.0f ns", v)
	case v < 1e6:
		return fmt.Sprintf("%.2f µs", v/1e3)
	}
	return fmt.Sprintf("%.2f ms", v/1e6)
}

func writeResults(path string, rows []result) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, row := range rows {
		if err := e.Encode(row); err != nil {
			return err
		}
	}
	return w.Flush()
}
