"""STS, IAM and MSK as boto3 sees them."""

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ONCE = Config(retries={"total_max_attempts": 1})
ACCOUNT = "123456789012"


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"{found} instead of {code}: {error}"
        return
    raise AssertionError(f"not refused with {code}: {arguments}")


sts = boto3.client("sts", config=ONCE)
me = sts.get_caller_identity()
assert me["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/oncall", me
assert me["Account"] == ACCOUNT, me
job_role = f"arn:aws:iam::{ACCOUNT}:role/EmrServerlessJobExecutionRole"
refused("AccessDenied", sts.assume_role, RoleArn=job_role, RoleSessionName="me")
refused(
    "ValidationError", sts.assume_role, RoleArn=job_role, RoleSessionName="me", Policy="{}"
)
wrong = boto3.client("sts", config=ONCE, aws_secret_access_key="x",
                     aws_access_key_id="AKIASANDBOXONCALL001")
refused("InvalidSignatureException", wrong.get_caller_identity)

iam = boto3.client("iam", config=ONCE)
role = iam.get_role(RoleName="EmrServerlessJobExecutionRole")["Role"]
assert role["Arn"] == job_role, role
trust = role["AssumeRolePolicyDocument"]["Statement"][0]
assert trust["Principal"] == {"Service": "emr-serverless.amazonaws.com"}, trust
names = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
assert names == ["KafkaAccess", "CheckpointAccess"], names
policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName="KafkaAccess")
statement = policy["PolicyDocument"]["Statement"][0]
assert "kafka-cluster:ReadData" in statement["Action"], policy
attached = iam.list_attached_role_policies(RoleName=role["RoleName"])
arn = attached["AttachedPolicies"][0]["PolicyArn"]
version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
document = iam.get_policy_version(PolicyArn=arn, VersionId=version)
assert document["PolicyVersion"]["Document"]["Version"] == "2012-10-17", document
refused("NoSuchEntity", iam.get_role, RoleName="Nobody")
refused("InvalidAction", iam.list_users)
simulated = iam.simulate_principal_policy(
    PolicySourceArn=job_role,
    ActionNames=["s3:PutObject", "s3:DeleteBucket"],
    ResourceArns=["arn:aws:s3:::bucket/_checkpoints/streaming/orders/metadata"],
)["EvaluationResults"]
assert [(one["EvalActionName"], one["EvalDecision"]) for one in simulated] == [
    ("s3:PutObject", "allowed"),
    ("s3:DeleteBucket", "implicitDeny"),
], simulated

# What a call carries decides nothing here, since no policy has a condition.
simulated = iam.simulate_principal_policy(
    PolicySourceArn=job_role,
    ActionNames=["s3:PutObject"],
    ResourceArns=["arn:aws:s3:::bucket/_checkpoints/streaming/orders/metadata"],
    ContextEntries=[
        {
            "ContextKeyName": "s3:if-none-match",
            "ContextKeyValues": ["*"],
            "ContextKeyType": "string",
        }
    ],
)["EvaluationResults"]
assert [one["EvalDecision"] for one in simulated] == ["allowed"], simulated
refused(
    "InvalidInput",
    iam.simulate_principal_policy,
    PolicySourceArn=job_role,
    ActionNames=["s3:PutObject"],
    ContextEntries=[{"ContextKeyName": "aws:EpochTime", "ContextKeyValues": ["1"], "ContextKeyType": "numeric"}],
)

kafka = boto3.client("kafka", config=ONCE)
cluster = kafka.list_clusters()["ClusterInfoList"][0]
assert cluster["State"] == "ACTIVE", cluster
arn = cluster["ClusterArn"]
described = kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]
assert described["ClusterName"] == "events", described
newer = kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]
assert newer["Provisioned"]["NumberOfBrokerNodes"] == 1, newer
brokers = kafka.get_bootstrap_brokers(ClusterArn=arn)["BootstrapBrokerString"]
assert brokers == "127.0.0.1:9092", brokers
refused("NotFoundException", kafka.describe_cluster, ClusterArn=arn + "x")
refused("BadRequestException", kafka.list_nodes, ClusterArn=arn)
refused("BadRequestException", kafka.list_clusters, ClusterNameFilter="e")
