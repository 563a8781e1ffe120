#!/usr/bin/env python3
"""Expand template.yaml to plain CloudFormation offline, as the SAM transform does: translate.py TEMPLATE [Name=value ...]"""
import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoNetwork:
    """An IAM client that knows the few managed policies SAM itself attaches."""

    def get_paginator(self, _):
        names = ["service-role/AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess"]

        class Pages:
            def paginate(self, **_):
                return [{"Policies": [{"PolicyName": n.split("/")[-1], "Arn": "arn:aws:iam::aws:policy/" + n} for n in names]}]

        return Pages()


template = yaml_parse(open(sys.argv[1]).read())
parameters = dict(a.split("=", 1) for a in sys.argv[2:])
# Local paths become what `sam package` would have made of them.
places = [template.get("Globals", {}).get("Function", {})] + [r.get("Properties", {}) for r in template["Resources"].values()]
for place in places:
    for name in ("CodeUri", "DefinitionUri"):
        if isinstance(place.get(name), str) and not place[name].startswith("s3://"):
            place[name] = "s3://bucket/key"
print(json.dumps(transform(template, parameters, ManagedPolicyLoader(NoNetwork())), indent=1))
