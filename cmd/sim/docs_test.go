// Proves that README.md and docs/*.md are true: every fence in them is run, in
// order, and must give what the text shows. A fence is one of these, and
// anything else is an error, so that nothing escapes:
//
//	```LANGUAGE FILE    a file, written where the commands run; once there are changes
//	                    of it, what they have made of it
//	```diff FILE        a change of it: lines with - go, lines with + come; @@ between hunks
//	```console          lines after "$ " are run: sim …, go run ./cmd/sim …, echo $?;
//	                    what they print follows, a line "…" standing for any lines
//	```python           a part of a scenario: it is put behind the file prelude.star
//	                    of the page, and the run must end well
//
// Above the last, <!-- handler --> makes it the body of a handler, and <!-- alone -->
// leaves the prelude out. In it "# = value" is what a line's expression gives, and
// "# error: text" that the line is an error, which the rest is shown without.
//
// Commands of README.md run in the root of the house, those of docs in an empty
// directory. A picture must be what the page's commands drew. -update writes
// down what is printed and drawn now.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/scenario"
	"orrery/systems"
)

const house = "../.."

func TestDocs(t *testing.T) {
	pages, err := filepath.Glob(house + "/docs/*.md")
	if err != nil || len(pages) < 2 {
		t.Fatalf("docs has the pages %v, %v", pages, err)
	}
	for _, name := range append(pages, house+"/README.md") {
		name, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			where := t.TempDir()
			if filepath.Base(name) == "README.md" {
				where = filepath.Dir(name)
			}
			p := page{dir: filepath.Dir(name), lines: strings.Split(string(text), "\n")}
			p.run(t, where)
			if *update && p.changed {
				if err := os.WriteFile(name, []byte(strings.Join(p.lines, "\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, problem := range p.problems {
				t.Errorf("%s:%s", filepath.Base(name), problem)
			}
		})
	}
}

// page is a page of documentation, and what was found wrong with it.
type page struct {
	dir      string // where it lies
	lines    []string
	written  []string // files that fences wrote
	patched  []string // those of them that fences changed
	prelude  string
	code     int // of the last command
	shown    bool
	changed  bool // lines are not what they were: there is something to update
	problems []string
}

func (p *page) wrong(line int, format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf("%d: %s", line+1, fmt.Sprintf(format, args...)))
}

// put replaces the lines from one to another, or complains if nothing is to be
// updated.
func (p *page) put(from, to int, lines []string, complaint string) {
	if !*update {
		p.wrong(from, "%s", complaint)
		return
	}
	p.lines = slices.Replace(p.lines, from, to, lines...)
	p.changed = true
}

// run runs a page in a directory.
func (p *page) run(t *testing.T, where string) {
	t.Chdir(where)
	t.Setenv("LC_ALL", "C.UTF-8")
	t.Setenv("TERM", "xterm")
	for i := 0; i < len(p.lines); i++ {
		if !strings.HasPrefix(strings.TrimLeft(p.lines[i], " \t>"), "```") && !strings.HasPrefix(p.lines[i], "~~~") {
			continue
		}
		info, ok := strings.CutPrefix(p.lines[i], "```")
		end := i + 1
		for end < len(p.lines) && p.lines[end] != "```" {
			end++
		}
		if !ok || end == len(p.lines) {
			p.wrong(i, "a fence begins and ends with ``` at the begin of a line")
			return
		}
		i = p.fence(info, i, end)
	}
	p.links()
}

// fence does what a fence says, and returns the line at which it ends.
func (p *page) fence(info string, begin, end int) int {
	words := strings.Fields(info)
	body := p.lines[begin+1 : end]
	switch {
	case len(words) == 2 && words[0] == "diff":
		p.patch(begin, words[1], body)
	case len(words) == 2 && slices.Contains(p.patched, words[1]):
		p.same(begin, words[1], strings.Join(body, "\n")+"\n")
	case len(words) == 2:
		p.file(begin, words[1], strings.Join(body, "\n")+"\n")
	case info == "console":
		return p.session(begin, end)
	case info == "python":
		p.fragment(begin, slices.Clone(body))
	default:
		p.wrong(begin, "a fence of %q is not run: it is console, python, or has the name of a file", info)
	}
	return end
}

func (p *page) file(line int, name, text string) {
	if !filepath.IsLocal(name) {
		p.wrong(line, "%s is not a file of its own", name)
		return
	}
	if _, err := os.Stat(name); err == nil && !slices.Contains(p.written, name) {
		p.wrong(line, "%s is there already", name)
		return
	}
	p.written = append(p.written, name)
	if name == "prelude.star" {
		p.prelude = text
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		p.wrong(line, "%v", err)
	}
}

// same demands that a file shown whole is what the changes have made of it.
func (p *page) same(line int, name, text string) {
	made, err := os.ReadFile(name)
	if diff := cmp.Diff(string(made), text); err != nil || diff != "" {
		p.wrong(line, "%s is not what its changes have made of it (-changes +shown): %v\n%s", name, err, diff)
	}
}

// patch changes a file; each hunk must be found in it once.
func (p *page) patch(line int, name string, body []string) {
	old, err := os.ReadFile(name)
	if err != nil {
		p.wrong(line, "%v", err)
		return
	}
	text := string(old)
	for _, hunk := range strings.Split(strings.Join(body, "\n"), "\n@@\n") {
		var from, to strings.Builder
		for l := range strings.Lines(hunk + "\n") {
			kept := strings.TrimLeft(l, " +-") == "\n" && l[0] == '\n'
			switch {
			case kept, l[0] == ' ':
				l = strings.TrimPrefix(l, " ")
				from.WriteString(l)
				to.WriteString(l)
			case l[0] == '-':
				from.WriteString(l[1:])
			case l[0] == '+':
				to.WriteString(l[1:])
			default:
				p.wrong(line, "a line of a diff begins with a space, + or -, and not as %q", l)
			}
		}
		if n := strings.Count("\n"+text, "\n"+from.String()); n != 1 {
			p.wrong(line, "%s has this %d times, and not once:\n%s", name, n, from.String())
		}
		text = strings.TrimPrefix(strings.Replace("\n"+text, "\n"+from.String(), "\n"+to.String(), 1), "\n")
	}
	p.file(line, name, text)
	p.patched = append(p.patched, name)
}

// session runs the commands of a fence, and returns the line at which it ends.
func (p *page) session(begin, end int) int {
	if !strings.HasPrefix(p.lines[begin+1], "$ ") {
		p.wrong(begin, "a console begins with a command: $ sim run …")
	}
	p.shown, p.code = true, 0
	for i := begin + 1; i < end; {
		line, ok := strings.CutPrefix(p.lines[i], "$ ")
		next := i + 1
		for next < end && !strings.HasPrefix(p.lines[next], "$ ") {
			next++
		}
		if !ok {
			return end
		}
		got := p.command(i, line)
		want := p.lines[i+1 : next]
		if !matches(steadied(want), steadied(got)) {
			before := len(p.lines)
			p.put(i+1, next, got, fmt.Sprintf("%s prints\n%s\nand not\n%s", line, strings.Join(got, "\n"), strings.Join(want, "\n")))
			end += len(p.lines) - before
			next += len(p.lines) - before
		}
		i = next
	}
	p.mustBeShown(begin)
	return end
}

// mustBeShown demands that an exit code which is not 0 is said.
func (p *page) mustBeShown(line int) {
	if !p.shown {
		p.wrong(line, "a command ends with exit code %d, which is not shown: $ echo $?", p.code)
	}
	p.shown = true
}

// command runs a command and returns the lines it prints, to stdout and stderr.
func (p *page) command(line int, text string) []string {
	if text == "echo $?" {
		p.shown = true
		return []string{strconv.Itoa(p.code)}
	}
	p.mustBeShown(line)
	args, ok := strings.CutPrefix(text, "sim ")
	if !ok {
		args, ok = strings.CutPrefix(text, "go run ./cmd/sim ")
	}
	if !ok || strings.ContainsAny(args, `'"|<>;&$*\`) {
		p.wrong(line, "%q cannot be run: it is sim with plain arguments, or echo $?", text)
		return nil
	}
	var out bytes.Buffer
	p.code = run(strings.Fields(args), strings.NewReader(""), &out, &out)
	p.shown = p.code == 0
	if out.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// steadied leaves wall time out. Digests stay: a reader compares them.
func steadied(lines []string) []string {
	text := strings.Join(lines, "\n")
	for _, u := range unsteady {
		if !strings.Contains(u.put, "DIGEST") {
			text = u.found.ReplaceAllString(text, u.put)
		}
	}
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// matches compares lines; "…" stands for any of them.
func matches(want, got []string) bool {
	switch {
	case len(want) == 0:
		return len(got) == 0
	case want[0] == "…":
		return matches(want[1:], got) || len(got) > 0 && matches(want, got[1:])
	}
	return len(got) > 0 && want[0] == got[0] && matches(want[1:], got[1:])
}

var (
	valueNote    = regexp.MustCompile(`^(\s*)(.*?)(\s+# = )(.*)$`)
	errorNote    = regexp.MustCompile(`^(\s*)(.*?)(\s+# error: )(.*)$`)
	printedValue = regexp.MustCompile(`(?m)^sim: \S+(?: \S+)?: value (\d+) (.*)$`)
	failed       = regexp.MustCompile(`(?m)^fragment\.star:(\d+):\d+: (?:in \S+(?: on \S+)?(?: at \S+)?: )?(.*)$`)
)

// fragment runs a part of a scenario, and then each of its errors.
func (p *page) fragment(begin int, body []string) {
	plain, errors := make([]string, len(body)), 0
	for i, l := range body {
		plain[i] = l
		if m := errorNote.FindStringSubmatch(l); m != nil {
			plain[i] = m[1] + "pass"
			errors++
		}
	}
	values := slices.Clone(plain)
	for i, l := range plain {
		if m := valueNote.FindStringSubmatch(l); m != nil {
			values[i] = fmt.Sprintf(`%sprint("value", %d, repr(%s))`, m[1], i, m[2])
		}
	}
	_, code, said := p.try(begin, values)
	if code != exitFine {
		p.wrong(begin, "this part of a scenario ends with exit code %d: %s\n%s", code, said, strings.Join(values, "\n"))
		return
	}
	p.values(begin, body, said)
	if errors > 0 {
		p.errors(begin, body, plain)
	}
}

// values compares what lines gave with what is written behind them.
func (p *page) values(begin int, body []string, said string) {
	got := map[string]string{}
	for _, m := range printedValue.FindAllStringSubmatch(said, -1) {
		got[m[1]] = m[2]
	}
	for i, l := range body {
		m := valueNote.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		if v, ok := got[strconv.Itoa(i)]; !ok || v != m[4] {
			p.put(begin+1+i, begin+2+i, []string{m[1] + m[2] + m[3] + v}, fmt.Sprintf("%s is %s, and not %s", m[2], v, m[4]))
		}
	}
}

// errors tries the lines that are errors, one at a time.
func (p *page) errors(begin int, body, plain []string) {
	for i, l := range body {
		m := errorNote.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		tried := slices.Clone(plain)
		tried[i] = m[1] + m[2]
		above, code, said := p.try(begin, tried)
		e := failed.FindStringSubmatch(said)
		switch {
		case code != exitUsage || e == nil || e[1] != strconv.Itoa(above+i+1):
			p.wrong(begin+1+i, "%s is no error in its line: exit code %d, %s", m[2], code, said)
		case e[2] != m[4]:
			p.put(begin+1+i, begin+2+i, []string{m[1] + m[2] + m[3] + e[2]}, fmt.Sprintf("%s gives the error\n%s\nand not\n%s", m[2], e[2], m[4]))
		}
	}
}

// try runs a part of a scenario with what is around it: above is how many lines
// come before.
func (p *page) try(begin int, body []string) (above, code int, said string) {
	before, after := p.prelude, ""
	switch note := p.lines[max(0, begin-1)]; {
	case note == "<!-- alone -->":
		before = ""
	case note == "<!-- handler -->":
		before += "\ndef fragment(me, m):\n"
		after = `
tried = node("tried", program(state = CLIENT, shows = ["sent"], on = {"done": done, "fragment": fragment}))
link(tried, stores + clients, latency = "1ms")
at("1s", send(tried, "fragment", key = "x", value = [1]))
`
		body = slices.Clone(body)
		for i := range body {
			body[i] = "    " + body[i]
		}
	case strings.HasPrefix(note, "<!--"):
		p.wrong(begin-1, "%s is neither <!-- handler --> nor <!-- alone -->", note)
	}
	text := before + strings.Join(body, "\n") + "\n" + after
	if !strings.Contains(text, "run(until") {
		text += "run(until = \"2s\")\n"
	}
	if err := os.WriteFile("fragment.star", []byte(text), 0o644); err != nil {
		p.wrong(begin, "%v", err)
	}
	var out bytes.Buffer
	code = run([]string{"run", "fragment.star", "--seed", "1"}, strings.NewReader(""), &out, &out)
	return strings.Count(before, "\n"), code, out.String()
}

var link = regexp.MustCompile(`(!?)\[[^\]]*\]\(([^)#\s]*)(?:#([^)\s]*))?\)`)

// links follows the links to files and headings; pictures must be what was
// drawn.
func (p *page) links() {
	text := strings.Join(p.lines, "\n")
	for i, l := range p.lines {
		for _, m := range link.FindAllStringSubmatch(l, -1) {
			target, heading := filepath.Join(p.dir, m[2]), m[3]
			if strings.Contains(m[2], "://") {
				continue
			}
			if m[1] == "!" {
				p.picture(i, m[2], target)
				continue
			}
			other := text
			if m[2] != "" {
				data, err := os.ReadFile(target)
				if info, e := os.Stat(target); e != nil || !info.IsDir() && err != nil {
					p.wrong(i, "there is no %s", m[2])
				}
				other = string(data)
			}
			if heading != "" && !slices.Contains(anchors(other), heading) {
				p.wrong(i, "%s has no heading #%s", m[2], heading)
			}
		}
	}
}

func (p *page) picture(line int, name, target string) {
	drawn, err := os.ReadFile(name)
	if err != nil {
		p.wrong(line, "the commands of this page draw no %s", name)
		return
	}
	if shown, err := os.ReadFile(target); err == nil && bytes.Equal(shown, drawn) {
		return
	}
	if !*update {
		p.wrong(line, "%s is not what the command draws", name)
	} else if err := os.WriteFile(target, drawn, 0o644); err != nil {
		p.wrong(line, "%v", err)
	}
}

// anchors are the names by which headings are linked to.
func anchors(text string) (all []string) {
	gone := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, l := range headings(text) {
		all = append(all, strings.ReplaceAll(gone.ReplaceAllString(strings.ToLower(l), ""), " ", "-"))
	}
	return all
}

// headings are the headings of a page, those in fences left out.
func headings(text string) (all []string) {
	fenced := false
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, "```") {
			fenced = !fenced
		}
		if title := strings.TrimLeft(l, "#"); !fenced && title != l && title[0] == ' ' {
			all = append(all, strings.TrimSpace(title))
		}
	}
	return all
}

// Every word of the language has a heading or a row of a table in
// docs/scenario.md, so that none can be added without a word on it; and every
// word that has one is in the language.
func TestDocsHaveEveryWord(t *testing.T) {
	data, err := os.ReadFile(house + "/docs/scenario.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := signatures(string(data))
	words := scenario.Vocabulary()
	for f := range reflect.TypeFor[systems.Link]().Fields() {
		words = append(words, optionName(f.Name))
	}
	for _, w := range words {
		if !slices.Contains(documented, w) {
			t.Errorf("docs/scenario.md has no heading and no row for %s", w)
		}
	}
	for _, d := range documented {
		if strings.Contains(d, "(") && !slices.Contains(words, strings.TrimSuffix(d, "(")) {
			t.Errorf("docs/scenario.md documents %s…), which is not in the language", d)
		}
	}
}

// optionName is how a scenario writes an option of a link: one_way, fifo.
func optionName(field string) string {
	if field == strings.ToUpper(field) {
		return strings.ToLower(field)
	}
	return strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(field, "${1}_$2"))
}

// signatures are the words that code in a heading or in the first cell of a row
// begins with; those of calls twice, once with the bracket.
func signatures(text string) (all []string) {
	rows := regexp.MustCompile(`(?m)^\|([^|]*)\|`).FindAllStringSubmatch(text, -1)
	places := headings(text)
	for _, r := range rows {
		places = append(places, r[1])
	}
	word := regexp.MustCompile(`\x60([a-z_0-9.]+)(\(?)`)
	for _, l := range places {
		for _, m := range word.FindAllStringSubmatch(l, -1) {
			all = append(all, m[1])
			if m[2] != "" {
				all = append(all, m[1]+m[2])
			}
		}
	}
	return all
}

// A page that is wrong is found out, or the tests above prove nothing.
func TestDocsCatchWhatIsWrong(t *testing.T) {
	if *update {
		return // then nothing is wrong
	}
	const good = "# A page\n\n```python a.star\nn = node(\"n\", program())\nalways(\"never\", lambda: False)\nrun(until = \"1s\")\n```\n\n" +
		"```console\n$ sim run a.star --seed 1\n…\nchecks    BROKEN     always \"never\", at 0s\n…\n$ echo $?\n3\n```\n\n" +
		"```diff a.star\n-run(until = \"1s\")\n+run(until = \"2s\")\n```\n\n```console\n$ sim check a.star\na.star: fine: 1 node, 0 links, 1 check, until 2s\n```\n\n" +
		"```python\n1 + 1    # = 2\nx = 1 // 0    # error: floored division by zero\n```\n\n" +
		"```python a.star\nn = node(\"n\", program())\nalways(\"never\", lambda: False)\nrun(until = \"2s\")\n```\n\nSee [above](#a-page).\n"
	for _, tc := range []struct{ old, put string }{
		{"", ""}, // as it is
		{"1 node, 0", "2 nodes, 0"},
		{"until 2s", "until 1s"},
		{"\n3\n", "\n0\n"},
		{"$ echo $?\n3\n", ""},
		{"BROKEN", "held"},
		{"$ sim check", "$ sim chekc"},
		{"$ sim check", "$ ls"},
		{"-run(", "-rum("},
		{"\"2s\")\n```\n\nSee", "\"3s\")\n```\n\nSee"},
		{"# = 2", "# = 3"},
		{"1 + 1 ", "1 + "},
		{"error: floored", "error: rounded"},
		{"1 // 0", "1 // 1"},
		{"```python\n", "```\n"},
		{"```python\n", "```starlark\n"},
		{"```python\n", "    ```python\n"},
		{"#a-page", "#another"},
		{"(#a", "(other.md#a"},
		{"See [above]", "![above]"},
	} {
		p := page{dir: t.TempDir(), lines: strings.Split(strings.Replace(good, tc.old, tc.put, 1), "\n")}
		t.Run("", func(t *testing.T) { p.run(t, t.TempDir()) })
		if found := len(p.problems) > 0; found != (tc.old != "") {
			t.Errorf("%q instead of %q: problems %q", tc.put, tc.old, p.problems)
		}
	}
}
