package template_test

import (
	"fmt"
	"slices"
	"strings"
)

// mutations are ways to break the template, each with the rule that must mind.
var mutations = slices.Concat(accessMutations, operationMutations, graphMutations)

// accessMutations are about doors, roles, stores, events and how functions run.
var accessMutations = []mutation{
	{"every route but GET /healthz and the console has the authorizer", "no default", "HttpApi", "        DefaultAuthorizer: KeyAuthorizer\n", ""},
	{"every route but GET /healthz and the console has the authorizer", "one opened", "RegistryFunction", "Method: ANY}", "Method: ANY, Auth: {Authorizer: NONE}}"},
	{"every route but GET /healthz and the console has the authorizer", "health closed", "RegistryFunction", ", Auth: {Authorizer: NONE}", ""},
	{"every route but GET /healthz and the console has the authorizer", "the console takes any method", "RegistryFunction", "'/console/{proxy+}', Method: GET", "'/console/{proxy+}', Method: ANY"},
	{"the authorizer's answer is simple and kept 60 s at most", "five minutes", "HttpApi", "ReauthorizeEvery: 60", "ReauthorizeEvery: 300"},
	{"the authorizer's answer is simple and kept 60 s at most", "another header", "HttpApi", "Headers: [Authorization]", "Headers: [X-Key]"},
	{"at most 15 HTTP events a function", "a route for each call", "PredictFunction", "      Events:\n", "      Events:\n" + routes(14)},
	{"requests are throttled", "no rate", "HttpApi", "        ThrottlingRateLimit: !Ref ThrottleRate\n", ""},
	{"requests are throttled", "no burst", "HttpApi", "        ThrottlingBurstLimit: !Ref ThrottleBurst\n", ""},
	{"the access log holds no header, query or text", "what a person does", "HttpApi", `"status":"$context.status"`, `"agent":"$context.identity.userAgent"`},
	{"the access log holds no header, query or text", "a header", "HttpApi", "$context.identity.sourceIp", "$request.header.authorization"},

	{"one role for each function", "a role from elsewhere", "PredictFunction", "      MemorySize: 512\n", "      MemorySize: 512\n      Role: !GetAtt Shared.Arn\n"},
	{"one role for each function", "a managed policy", "PredictFunction", "      Policies:\n", "      Policies:\n        - AmazonS3FullAccess\n"},
	{"one role for each function", "a policy template", "PredictFunction", "      Policies:\n", "      Policies:\n        - S3CrudPolicy: {BucketName: !Ref ModelsBucket}\n"},
	{"one role for each function", "a role beside them", "Resources", "  HttpApi:\n", "  Shared:\n    Type: AWS::IAM::Role\n  HttpApi:\n"},
	{"one role for each function", "a role for all", "Globals", "    Runtime:", "    Role: arn:aws:iam::1:role/x\n    Runtime:"},
	{"roles name exact actions", "all of a service", "AuthorizerFunction", "Action: dynamodb:GetItem", "Action: dynamodb:*"},
	{"roles name exact actions", "a family", "TrainerFunction", "s3:GetObjectVersion]", "s3:Get*]"},
	{"roles name exact actions", "everything", "TrainingStateMachine", "Action: lambda:InvokeFunction", "Action: '*'"},
	{"roles name exact actions", "all but one", "AuthorizerFunction", "Action: dynamodb:GetItem", "NotAction: dynamodb:PutItem"},
	{"roles name exact resources", "everything", "AuthorizerFunction", "Resource: !GetAtt Table.Arn", "Resource: '*'"},
	{"roles name exact resources", "a whole bucket", "PredictFunction", "${ModelsBucket.Arn}/artifacts/*", "${ModelsBucket.Arn}/*"},
	{"roles name exact resources", "any bucket", "PredictFunction", "!Sub '${ModelsBucket.Arn}/artifacts/*'", "arn:aws:s3:::*"},
	{"roles name exact resources", "all but one", "AuthorizerFunction", "Resource: !GetAtt Table.Arn", "NotResource: !GetAtt Table.Arn"},
	{"roles name exact resources", "any execution", "TrainTriggerFunction", ":execution:${AWS::StackName}-training:*", ":execution:*"},
	{"nobody outside is allowed anything", "a public bucket", "ModelsBucketPolicy", "            Effect: Deny\n", "            Effect: Allow\n"},
	{"nobody outside is allowed anything", "any rule", "DeadLettersPolicy", "            Condition:\n", "            Unconditional:\n"},
	{"nobody outside is allowed anything", "any service", "DeadLettersPolicy", "Principal: {Service: events.amazonaws.com}", "Principal: '*'"},
	{"who reads a bucket may tell absent from forbidden", "trigger", "TrainTriggerFunction", "Action: s3:ListBucket\n", "Action: s3:GetObject\n"},
	{"who reads a bucket may tell absent from forbidden", "one folder", "TrainerFunction", "['artifacts/*', 'reports/*', 'work/*']", "['artifacts/*', 'work/*']"},
	{"who lists a bucket lists folders only", "all keys", "PredictFunction", "StringLike: {'s3:prefix': ['artifacts/*']}", "StringLike: {'aws:UserAgent': ['x']}"},
	{"the authorizer and predict only read", "a writing authorizer", "AuthorizerFunction", "Action: dynamodb:GetItem", "Action: [dynamodb:GetItem, dynamodb:PutItem]"},
	{"the authorizer and predict only read", "any record", "PredictFunction", "['SECRET#*', '*#USAGE#*', '*#TRAFFIC#*']", "['*']"},
	{"the authorizer and predict only read", "artifacts", "PredictFunction", "Action: s3:GetObject", "Action: [s3:GetObject, s3:PutObject]"},
	{"a state machine may call its function, and a Map of it itself, and nothing else", "another function", "TrainingStateMachine", "Resource: !If [HasTrainerImage, !GetAtt TrainerImageFunction.Arn, !GetAtt TrainerFunction.Arn]", "Resource: !If [HasTrainerImage, !GetAtt TrainerImageFunction.Arn, !GetAtt PredictFunction.Arn]"},
	{"a state machine may call its function, and a Map of it itself, and nothing else", "another action", "TrainingStateMachine", "Action: lambda:InvokeFunction", "Action: [lambda:InvokeFunction, lambda:UpdateFunctionCode]"},
	{"a state machine has one name everywhere", "renamed", "TrainingStateMachine", "Name: !Sub '${AWS::StackName}-training'", "Name: !Sub '${AWS::StackName}-learning'"},
	{"a state machine has one name everywhere", "a reference in a role", "TrainTriggerFunction", "Action: states:StartExecution\n              Resource:\n                - !Sub 'arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${AWS::StackName}-training'", "Action: states:StartExecution\n              Resource:\n                - !GetAtt TrainingStateMachine.Arn"},
	{"a state machine may call its function, and a Map of it itself, and nothing else", "another machine", "BatchStateMachine", "stateMachine:${AWS::StackName}-batch", "stateMachine:${AWS::StackName}-training"},
	{"a state machine may call its function, and a Map of it itself, and nothing else", "artifacts", "BatchStateMachine", "${ModelsBucket.Arn}/work/*", "${ModelsBucket.Arn}/artifacts/*"},
	{"a state machine with a distributed Map can run it", "shards that cannot start", "TrainingStateMachine", "Action: states:StartExecution", "Action: states:DescribeExecution"},
	{"a state machine with a distributed Map can run it", "no items", "TrainingStateMachine", "[s3:GetObject, s3:PutObject, s3:ListMultipartUploadParts, s3:AbortMultipartUpload]", "[s3:PutObject, s3:ListMultipartUploadParts, s3:AbortMultipartUpload]"},
	{"a state machine with a distributed Map can run it", "no bucket", "BatchStateMachine", "        ModelsBucketName: !Ref ModelsBucket\n", ""},
	{"a state machine may call its function, and a Map of it itself, and nothing else", "the batch machine", "TrainingStateMachine", "stateMachine:${AWS::StackName}-training", "stateMachine:${AWS::StackName}-batch"},
	{"a state machine has one name everywhere", "another's variable", "RegistryFunction", "stateMachine:${AWS::StackName}-training", "stateMachine:training"},

	{"buckets block public access", "policies", "ModelsBucket", "BlockPublicPolicy: true", "BlockPublicPolicy: false"},
	{"buckets block public access", "not at all", "UploadsBucket", "      PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}\n", ""},
	{"buckets own their objects", "writers own them", "UploadsBucket", "BucketOwnerEnforced", "ObjectWriter"},
	{"buckets keep versions", "suspended", "ModelsBucket", "{Status: Enabled}", "{Status: Suspended}"},
	{"buckets are encrypted", "not", "ModelsBucket", "              SSEAlgorithm: !If [HasKey, 'aws:kms', AES256]\n", ""},
	{"buckets answer over TLS only", "objects only", "UploadsBucketPolicy", "[!GetAtt UploadsBucket.Arn, !Sub '${UploadsBucket.Arn}/*']", "[!Sub '${UploadsBucket.Arn}/*']"},
	{"buckets answer over TLS only", "the wrong way round", "ModelsBucketPolicy", "'aws:SecureTransport': 'false'", "'aws:SecureTransport': 'true'"},
	{"buckets answer over TLS only", "another bucket's", "ModelsBucketPolicy", "Bucket: !Ref ModelsBucket", "Bucket: !Ref UploadsBucket"},
	{"buckets let go of what nobody needs", "work stays", "ModelsBucket", "          - {Id: training-work, Status: Enabled, Prefix: work/, ExpirationInDays: 7, NoncurrentVersionExpiration: {NoncurrentDays: 1}}\n", ""},
	{"buckets let go of what nobody needs", "feedback stays", "UploadsBucket", "Prefix: feedback/, ExpirationInDays: 400", "Prefix: feedback/, ExpirationInDays: 4000"},
	{"buckets let go of what nobody needs", "results go before their time", "ModelsBucket", "Prefix: batch/, ExpirationInDays: 30", "Prefix: batch/, ExpirationInDays: 3"},
	{"buckets let go of what nobody needs", "exports stay", "ModelsBucket", "          - {Id: exports, Status: Enabled, Prefix: exports/, ExpirationInDays: 30, NoncurrentVersionExpiration: {NoncurrentDays: 1}}\n", ""},
	{"buckets let go of what nobody needs", "feedback stays as an old version", "UploadsBucket", "ExpirationInDays: 400, NoncurrentVersionExpiration: {NoncurrentDays: 1}", "ExpirationInDays: 400"},
	{"buckets let go of what nobody needs", "switched off", "UploadsBucket", "{Id: abort-multipart, Status: Enabled", "{Id: abort-multipart, Status: Disabled"},
	{"buckets let go of what nobody needs", "models go", "ModelsBucket", "Prefix: work/", "Prefix: artifacts/"},
	{"buckets and table outlive the stack", "table", "Table", "    DeletionPolicy: Retain\n", "    DeletionPolicy: Delete\n"},
	{"buckets and table outlive the stack", "a replaced bucket", "ModelsBucket", "    UpdateReplacePolicy: Retain\n", ""},
	{"the table can be recovered", "not", "Table", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false"},
	{"the table is encrypted", "not", "Table", "SSEEnabled: true", "SSEEnabled: false"},
	{"the table is protected from deletion in production", "not", "Table", "!If [IsProd, true, false]", "!If [IsProd, false, true]"},
	{"the table is protected from deletion in production", "another production", "Conditions", "[!Ref Stage, prod]", "[!Ref Stage, staging]"},
	{"the table forgets what has expired", "another attribute", "Table", "AttributeName: expires_at", "AttributeName: ttl"},

	{"only the uploads bucket announces objects", "models too", "ModelsBucket", "      VersioningConfiguration:", "      NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}\n      VersioningConfiguration:"},
	{"only the uploads bucket announces objects", "uploads do not", "UploadsBucket", "EventBridgeEnabled: true", "EventBridgeEnabled: false"},
	{"training output cannot start training", "models bucket too", "TrainTriggerFunction", "[!Ref UploadsBucket]", "[!Ref UploadsBucket, !Ref ModelsBucket]"},
	{"training output cannot start training", "any bucket", "TrainTriggerFunction", "                bucket: {name: [!Ref UploadsBucket]}\n", ""},
	{"training output cannot start training", "buckets by prefix", "TrainTriggerFunction", "[!Ref UploadsBucket]", "[{prefix: godwit-}]"},
	{"training output cannot start training", "any source", "TrainTriggerFunction", "              source: [aws.s3]\n", ""},
	{"examples of feedback start nothing", "they train", "TrainTriggerFunction", "{prefix: datasets/}", "{prefix: feedback/}"},
	{"nothing but a presigned upload or feedback writes to the uploads bucket, and only the registry removes", "the trainer does", "TrainerFunction", "Action: [s3:GetObject, s3:GetObjectVersion]", "Action: [s3:GetObject, s3:PutObject]"},
	{"nothing but a presigned upload or feedback writes to the uploads bucket, and only the registry removes", "into the inbox", "RegistryFunction", "${UploadsBucket.Arn}/datasets/*", "${UploadsBucket.Arn}/inbox/*"},
	{"nothing but a presigned upload or feedback writes to the uploads bucket, and only the registry removes", "what removes also writes", "RegistryFunction", "Action: s3:DeleteObject\n", "Action: s3:PutObject\n"},
	{"every asynchronous function has a destination for failures", "none", "TrainTriggerFunction", "        DestinationConfig:\n          OnFailure:\n            Type: SQS\n            Destination: !GetAtt DeadLetters.Arn\n", ""},
	{"every rule retries with a bound and has a dead-letter queue", "no queue", "TrainTriggerFunction", "            DeadLetterConfig: {Arn: !GetAtt DeadLetters.Arn}\n", ""},
	{"every rule retries with a bound and has a dead-letter queue", "for a day", "TrainTriggerFunction", "            RetryPolicy: {MaximumRetryAttempts: 8, MaximumEventAgeInSeconds: 21600}\n", ""},
	{"the dead-letter queue takes what the rules send", "one rule only", "DeadLettersPolicy", ", !GetAtt TrainTriggerFunctionDied.Arn", ""},
	{"dead letters are encrypted and kept 14 days", "plain", "DeadLetters", "!Ref AWS::NoValue, true]", "!Ref AWS::NoValue, false]"},
	{"dead letters are encrypted and kept 14 days", "for an hour", "DeadLetters", "1209600", "3600"},

	{"functions end before those who wait for them", "for ever", "Globals", "Timeout: 29", "Timeout: 30"},
	{"functions end before those who wait for them", "a slow authorizer", "AuthorizerFunction", "Timeout: 5", "Timeout: 10"},
	{"a training step has the longest time there is", "a minute", "TrainerFunction", "Timeout: 900", "Timeout: 60"},
	{"every function logs to a group of its own", "none", "PredictFunction", "        LogGroup: !Ref PredictLog\n", "        LogFormat: JSON\n"},
	{"every function logs to a group of its own", "another's", "PredictFunction", "!Ref PredictLog", "!Ref TrainerLog"},
	{"log groups end their entries and end with the stack", "for ever", "TrainerLog", "      RetentionInDays: !Ref LogRetentionDays\n", ""},
	{"log groups end their entries and end with the stack", "no decision", "ApiAccessLog", "    DeletionPolicy: Delete\n", ""},
	{"functions find every setting they need", "no table", "Globals", "        GODWIT_TABLE: !Ref Table\n", ""},
	{"functions find every setting they need", "misspelt", "AuthorizerFunction", "GODWIT_ADMIN_TENANT:", "GODWIT_ADMIN_TENNANT:"},
	{"functions find every setting they need", "no machine", "RegistryFunction", "GODWIT_STATE_MACHINE_ARN:", "AWS_STATE_MACHINE_ARN:"},
	{"functions are built by make for the architecture of the parameter", "built by SAM", "TrainerFunction", "BuildMethod: makefile", "BuildMethod: go1.x"},
	{"functions are built by make for the architecture of the parameter", "one of another kind", "PredictFunction", "      MemorySize: 512\n", "      MemorySize: 512\n      Architectures: [x86_64]\n"},
	{"functions are built by make for the architecture of the parameter", "a fixed one", "Globals", "[!Ref Architecture]", "[arm64]"},
	{"functions are built by make for the architecture of the parameter", "stale code", "Globals", "CodeUri: .", "CodeUri: .build/arm64"},
}

// routes returns n more routes of a function.
func routes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "        More%d: {Type: HttpApi, Properties: {ApiId: !Ref HttpApi, Path: '/v1/more/%d', Method: GET}}\n", i, i)
	}
	return b.String()
}
