package settings

import (
	"net/url"
	"strings"
)

// UploadsOrigin returns the web origin that presigned uploads go to: the
// bucket's own host name on S3, or that of S3Endpoint. It is empty when
// S3Endpoint is no URL.
func (s Settings) UploadsOrigin() string {
	if s.S3Endpoint == "" {
		domain := "amazonaws.com"
		if strings.HasPrefix(s.Region, "cn-") {
			domain += ".cn"
		}
		return "https://" + s.UploadsBucket + ".s3." + s.Region + "." + domain
	}
	u, err := url.Parse(s.S3Endpoint)
	if err != nil || u.Host == "" {
		return ""
	}
	if s.S3PathStyle {
		return u.Scheme + "://" + u.Host
	}
	return u.Scheme + "://" + s.UploadsBucket + "." + u.Host
}
