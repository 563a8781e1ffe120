package image_test

import (
	"bytes"
	"context"
	"fmt"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
)

func Example() {
	set, err := image.Read(context.Background(), bytes.NewReader(imagetest.Zip(10, 24, 1)), image.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	train, test, _ := set.Split(dataset.SplitOptions{})
	fmt.Println(set.Labels, set.Counts)
	fmt.Printf("%d x %d pixels, %d channels: %d to learn from, %d held out\n", set.Width, set.Height, set.Channels, len(train), len(test))
	// Output:
	// [circle cross ring square triangle] [10 10 10 10 10]
	// 24 x 24 pixels, 3 channels: 43 to learn from, 7 held out
}

func ExampleShape_DecodeBase64() {
	shape := image.Shape{Width: 28, Height: 28, Channels: 1}
	_, err := shape.DecodeBase64("data:image/png;base64,R0lGODlhAQABAAAAACw=", 0)
	fmt.Println(err)
	// Output: GIF images are not read
}
