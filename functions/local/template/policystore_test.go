package template_test

import (
	"fmt"
	"slices"
	"strings"
)

// storeRules are about what is kept.
var storeRules = []rule{
	{"buckets block public access", func(d *deployed) (broken []string) {
		for _, id := range d.of("AWS::S3::Bucket") {
			for _, name := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
				if text(d.property(id, "PublicAccessBlockConfiguration", name)) != "true" {
					broken = append(broken, id+" leaves out "+name)
				}
			}
		}
		return broken
	}},
	{"buckets own their objects", func(d *deployed) (broken []string) {
		for _, id := range d.of("AWS::S3::Bucket") {
			owners := list(d.resources[id], "Properties", "OwnershipControls", "Rules")
			if len(owners) != 1 || text(owners[0], "ObjectOwnership") != "BucketOwnerEnforced" {
				broken = append(broken, fmt.Sprintf("%s: %v", id, owners))
			}
		}
		return broken
	}},
	{"buckets keep versions", func(d *deployed) (broken []string) {
		for _, b := range d.stack.Buckets {
			if !b.Versioned {
				broken = append(broken, b.LogicalID+" does not")
			}
		}
		return broken
	}},
	{"buckets are encrypted", func(d *deployed) (broken []string) {
		for _, id := range d.of("AWS::S3::Bucket") {
			by := list(d.resources[id], "Properties", "BucketEncryption", "ServerSideEncryptionConfiguration")
			if len(by) != 1 || !slices.Equal(texts(by[0], "ServerSideEncryptionByDefault", "SSEAlgorithm"), []string{"aws:kms", "AES256"}) {
				broken = append(broken, fmt.Sprintf("%s: %v", id, by))
			}
		}
		return broken
	}},
	{"buckets answer over TLS only", checkTLS},
	{"buckets let go of what nobody needs", checkLifecycle},
	{"buckets and table outlive the stack", func(d *deployed) (broken []string) {
		for _, id := range append(d.of("AWS::S3::Bucket"), d.of("AWS::DynamoDB::Table")...) {
			if text(d.resources[id], "DeletionPolicy") != "Retain" || text(d.resources[id], "UpdateReplacePolicy") != "Retain" {
				broken = append(broken, id+" goes with it")
			}
		}
		return broken
	}},
	{"the table can be recovered", func(d *deployed) (broken []string) {
		return tables(d, func(id string) bool {
			return text(d.property(id, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")) == "true"
		})
	}},
	{"the table is encrypted", func(d *deployed) (broken []string) {
		return tables(d, func(id string) bool { return text(d.property(id, "SSESpecification", "SSEEnabled")) == "true" })
	}},
	{"the table is protected from deletion in production", func(d *deployed) (broken []string) {
		prod := list(d.conditions["IsProd"], "Fn::Equals")
		if len(prod) != 2 || text(prod[0]) != "${Stage}" || text(prod[1]) != "prod" {
			broken = append(broken, fmt.Sprintf("IsProd = %v", prod))
		}
		return append(broken, tables(d, func(id string) bool {
			choice := list(d.property(id, "DeletionProtectionEnabled"), "Fn::If")
			return text(d.property(id, "DeletionProtectionEnabled")) == "true" ||
				len(choice) == 3 && text(choice[0]) == "IsProd" && text(choice[1]) == "true"
		})...)
	}},
	{"the table forgets what has expired", func(d *deployed) (broken []string) {
		for _, t := range d.stack.Tables {
			if t.TTLAttribute != "expires_at" {
				broken = append(broken, fmt.Sprintf("%s goes by %q", t.LogicalID, t.TTLAttribute))
			}
		}
		return broken
	}},
}

// tables returns the tables that are not as they should be.
func tables(d *deployed, good func(id string) bool) (broken []string) {
	for _, id := range d.of("AWS::DynamoDB::Table") {
		if !good(id) {
			broken = append(broken, id+" is not")
		}
	}
	return broken
}

// checkTLS: each bucket has a policy that denies everybody everything without
// TLS. The wildcards are AWS's own way to say it; in a ban they widen nothing.
func checkTLS(d *deployed) (broken []string) {
	for _, bucket := range d.of("AWS::S3::Bucket") {
		want := []string{"${" + bucket + ".Arn}", "${" + bucket + ".Arn}/*"}
		denied := false
		for _, id := range d.of("AWS::S3::BucketPolicy") {
			if text(d.property(id, "Bucket")) != "${"+bucket+"}" {
				continue
			}
			denied = slices.ContainsFunc(list(d.resources[id], "Properties", "PolicyDocument", "Statement"), func(s any) bool {
				return text(s, "Effect") == "Deny" && text(s, "Principal") == "*" && text(s, "Action") == "s3:*" &&
					slices.Equal(texts(s, "Resource"), want) && text(s, "Condition", "Bool", "aws:SecureTransport") == "false"
			})
		}
		if !denied {
			broken = append(broken, bucket+" answers without it")
		}
	}
	return broken
}

// checkLifecycle: uploads that were broken off, versions that were replaced, a
// training's work and what feedback sent along do not stay for ever.
func checkLifecycle(d *deployed) (broken []string) {
	for _, id := range d.of("AWS::S3::Bucket") {
		does := map[string]bool{}
		for _, r := range list(d.resources[id], "Properties", "LifecycleConfiguration", "Rules") {
			if text(r, "Status") != "Enabled" {
				continue
			}
			prefix := text(r, "Prefix")
			// What expires is to be gone, not kept as an old version.
			if text(r, "ExpirationInDays") != "" && text(r, "NoncurrentVersionExpiration", "NoncurrentDays") != "1" {
				broken = append(broken, fmt.Sprintf("%s keeps old versions of %s", id, prefix))
			}
			does["abort"] = does["abort"] || prefix == "" && text(r, "AbortIncompleteMultipartUpload", "DaysAfterInitiation") != ""
			does["old"] = does["old"] || prefix == "" && text(r, "NoncurrentVersionExpiration", "NoncurrentDays") != ""
			does["work"] = does["work"] || prefix == "work/" && text(r, "ExpirationInDays") != ""
			// As long as package batch says that files are there (Kept).
			does["batch"] = does["batch"] || prefix == "batch/" && text(r, "ExpirationInDays") == "30"
			// Whoever wants one again asks for it again.
			does["exports"] = does["exports"] || prefix == "exports/" && text(r, "ExpirationInDays") != ""
			// As long as package monitor keeps the entries that name them.
			does["feedback"] = does["feedback"] || prefix == "feedback/" && text(r, "ExpirationInDays") == "400"
			if prefix == "" && text(r, "ExpirationInDays") != "" || strings.HasPrefix(prefix, "artifacts/") {
				broken = append(broken, fmt.Sprintf("%s loses what is in use: %v", id, r))
			}
		}
		if !does["abort"] || !does["old"] || id == "ModelsBucket" && !(does["work"] && does["batch"] && does["exports"]) || id == "UploadsBucket" && !does["feedback"] {
			broken = append(broken, fmt.Sprintf("%s only does %v", id, does))
		}
	}
	return broken
}
