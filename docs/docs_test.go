// Package docs_test checks that the documentation names only what exists.
package docs_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository, seen from this package.
const root = ".."

// skipped reports whether a folder is not part of the repository: what was built or fetched, and the data of servers.
func skipped(name string) bool {
	return slices.Contains([]string{"bin", "third_party", "node_modules"}, name) || strings.HasPrefix(name, ".") && name != ".ci"
}

// repository returns the paths of all files and folders, relative to root.
func repository(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != root && skipped(d.Name()) {
			return filepath.SkipDir
		}
		relative, err := filepath.Rel(root, file)
		paths = append(paths, filepath.ToSlash(relative))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// pages returns the texts of the documentation by path. The changelog is left out: it names what is gone.
func pages(t *testing.T, paths []string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, p := range paths {
		if path.Ext(p) != ".md" || p == "CHANGELOG.md" || strings.HasPrefix(p, "openapi/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, p))
		if err != nil {
			t.Fatal(err)
		}
		texts[p] = string(text)
	}
	if len(texts) < 10 {
		t.Fatalf("found %d pages only", len(texts))
	}
	return texts
}

var (
	fenced   = regexp.MustCompile("(?s)```.*?```")
	quoted   = regexp.MustCompile("`([^`\n]+)`")
	fileName = regexp.MustCompile(`^[\w./-]+\.(go|sql|proto|md|yaml|yml|sh|conf)$`)
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	// described is a file followed by names that are declared in it.
	described = regexp.MustCompile("`([\\w./-]+)` \\(((?:`\\w+`(?:, )?)+)\\)")
)

// TestPathsExist checks every path in the documentation: texts in backticks that begin with a folder of the repository or
// end like a file. A path without the first folders is enough where it is the end of an existing one.
func TestPathsExist(t *testing.T) {
	t.Parallel()
	paths := repository(t)
	var folders []string
	for _, p := range paths {
		if info, err := os.Stat(filepath.Join(root, p)); err == nil && info.IsDir() && !strings.Contains(p, "/") && p != "." {
			folders = append(folders, p)
		}
	}
	checked := 0
	for page, text := range pages(t, paths) {
		for _, m := range quoted.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			name := strings.TrimSuffix(m[1], "/")
			first, _, nested := strings.Cut(name, "/")
			if !fileName.MatchString(name) && (!nested || !slices.Contains(folders, first)) {
				continue
			}
			checked++
			exists := func(p string) bool { return p == name || strings.HasSuffix(p, "/"+name) }
			if matches, _ := filepath.Glob(filepath.Join(root, name)); len(matches) == 0 && !slices.ContainsFunc(paths, exists) {
				t.Errorf("%s names %s, which does not exist", page, m[1])
			}
		}
	}
	if checked < 100 {
		t.Errorf("found %d paths only", checked)
	}
}

// TestNamesExist checks the functions and types that a page names in parentheses after a file.
func TestNamesExist(t *testing.T) {
	t.Parallel()
	checked := 0
	for page, text := range pages(t, repository(t)) {
		for _, m := range described.FindAllStringSubmatch(text, -1) {
			source, err := os.ReadFile(filepath.Join(root, m[1]))
			if err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			for _, name := range quoted.FindAllStringSubmatch(m[2], -1) {
				checked++
				if !regexp.MustCompile(`\b` + name[1] + `\b`).Match(source) {
					t.Errorf("%s names %s of %s, which is not there", page, name[1], m[1])
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("found %d names only", checked)
	}
}

// TestLinks checks the links between pages, and to headings of them.
func TestLinks(t *testing.T) {
	t.Parallel()
	paths := repository(t)
	texts := pages(t, paths)
	for page, text := range texts {
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target, fragment, _ := strings.Cut(m[1], "#")
			file := page
			if target != "" {
				file = path.Join(path.Dir(page), target)
			}
			if !slices.Contains(paths, file) {
				t.Errorf("%s links to %s, which does not exist", page, m[1])
			}
			if fragment != "" && !slices.Contains(anchors(texts[file]), fragment) {
				t.Errorf("%s links to %s, but there is no such heading", page, m[1])
			}
		}
	}
}

// anchors returns the fragments that lead to the headings of a page.
func anchors(text string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		plain := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(plain, " ", "-"))
	}
	return all
}
