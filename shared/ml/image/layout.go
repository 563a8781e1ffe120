package image

import (
	"slices"
	"strings"

	"godwit/shared/ml/dataset"
)

// place is what the folders of an image say.
type place struct{ label, split string }

// maxStray is the share of images that may lie elsewhere than all others: a
// picture beside the folders must not change what the folders mean.
const maxStray = .01

// layout returns what the folders of each image say; paths are those of the
// images, nil for what is none. Folders that all images share are passed over,
// as is a level of train, validation and test, which becomes the split; the
// next folder is the label, and those in it do not matter. A stray image has no
// label.
func layout(paths [][]string) []place {
	// Folders that all share, from the top: "upload/flowers/train" and the like.
	var shared []string
	split := ""
	for {
		name := commonest(paths, len(shared))
		if !nearlyAll(paths, len(shared), func(folder string) bool { return folder == name }) {
			break
		}
		if part, is := dataset.SplitName(name); is {
			split = part
		}
		shared = append(shared, name)
	}
	isSplit := func(folder string) bool { _, is := dataset.SplitName(folder); return is }
	parted := nearlyAll(paths, len(shared), isSplit) // "train/cat/1.png", "test/cat/2.png"
	places := make([]place, len(paths))
	for i, p := range paths {
		if len(p) <= len(shared) || !slices.Equal(p[:len(shared)], shared) {
			continue
		}
		folders, part := p[len(shared):len(p)-1], split
		if parted && len(folders) > 0 {
			if !isSplit(folders[0]) {
				continue
			}
			part, _ = dataset.SplitName(folders[0])
			folders = folders[1:]
		}
		if len(folders) > 0 {
			places[i] = place{strings.TrimSpace(folders[0]), part}
		}
	}
	return places
}

// commonest returns the folder at a level that most images lie in; where there
// is no such majority, any (Boyer and Moore's vote).
func commonest(paths [][]string, level int) (name string) {
	votes := 0
	for _, p := range paths {
		switch {
		case len(p) < level+2: // not in a folder at this level
		case votes == 0:
			name, votes = p[level], 1
		case p[level] == name:
			votes++
		default:
			votes--
		}
	}
	return name
}

// nearlyAll reports whether the images lie in folders that are in an accepted
// folder at a level, and there are images.
func nearlyAll(paths [][]string, level int, accept func(folder string) bool) bool {
	images, accepted := 0, 0
	for _, p := range paths {
		if p != nil {
			images++
		}
		// A folder and more below it: the lowest folder of all is the label, even
		// where there is only one.
		if len(p) >= level+3 && accept(p[level]) {
			accepted++
		}
	}
	return images > 0 && float64(images-accepted) <= maxStray*float64(images)
}
