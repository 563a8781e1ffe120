package stage

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/functions/local/objects"
)

// largestItems bounds the list of items a Map reads, in bytes.
const largestItems = 64 << 20

// bucketBytes lets the state machines read items from the stage's S3 and write
// outcomes to it, as Step Functions does: through the protocol.
type bucketBytes struct{ client *s3.Client }

func (st *Stage) bucketBytes() bucketBytes {
	return bucketBytes{objects.Client(st.objects.URL(), st.folder.keys.AccessKey, st.folder.keys.SecretKey)}
}

// Get implements states.Objects.
func (b bucketBytes) Get(ctx context.Context, bucket, key string) ([]byte, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	// One byte more than allowed tells a list that is too long from one that fits.
	data, err := io.ReadAll(io.LimitReader(out.Body, largestItems+1))
	if err == nil && len(data) > largestItems {
		err = fmt.Errorf("%s has more than %d bytes", key, largestItems)
	}
	return data, err
}

// Put implements states.Objects.
func (b bucketBytes) Put(ctx context.Context, bucket, key string, data []byte) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)})
	return err
}
