using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Admission.Webhooks;

public sealed class AdmissionReviewTests
{
    private const string Envelope = "\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",";
    private static readonly KindDefinition Deployments = BuiltInKinds.Registry.Find("apps", "v1", "deployments")!;
    private static readonly Webhook Hook = Webhook.Read(
        "c",
        0,
        JsonNode.Parse("""{"name":"h","admissionReviewVersions":["v1"]}""")!.AsObject()
    );

    [Fact]
    public void The_question_tells_all_that_is_known_of_the_request()
    {
        var older = Deployments with { Gvk = Deployments.Gvk with { Version = "v1beta1" } };
        var document = JsonNode.Parse("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"}}""")!.AsObject();
        var subject = new WebhookSubject("UPDATE", Deployments, "status", "ns", document, document.DeepClone().AsObject());

        var review = AdmissionReview.Ask(
            new(new(Hook, older), subject, "d", new UserInfo("me", ["a", "b"], "u1"), true, new JsonObject { ["kind"] = "UpdateOptions" }),
            "uid-1"
        );

        const string Seen = """{"apiVersion":"apps/v1beta1","kind":"Deployment","metadata":{"name":"d","namespace":"ns"}}""";
        var expected = JsonNode.Parse(
            $$"""
            {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{
              "uid":"uid-1",
              "kind":{"group":"apps","version":"v1beta1","kind":"Deployment"},"resource":{"group":"apps","version":"v1beta1",
              "resource":"deployments"},"subResource":"status",
              "requestKind":{"group":"apps","version":"v1","kind":"Deployment"},"requestResource":{"group":"apps","version":"v1",
              "resource":"deployments"},"requestSubResource":"status",
              "name":"d","namespace":"ns","operation":"UPDATE","userInfo":{"username":"me","uid":"u1","groups":["a","b"]},
              "object":{{Seen}},"oldObject":{{Seen}},"dryRun":true,"options":{"kind":"UpdateOptions"} } }
            """
        );
        Assert.True(JsonNode.DeepEquals(expected, review), review.ToJsonString());
    }

    [Theory]
    [InlineData("{}", "received invalid webhook response: webhook response was absent")]
    [InlineData(
        "{" + Envelope + "\"response\":{\"uid\":\"other\",\"allowed\":true}}",
        "received invalid webhook response: expected response.uid=\"u\", got \"other\""
    )]
    [InlineData(
        "{\"apiVersion\":\"admission.k8s.io/v1beta1\",\"kind\":\"AdmissionReview\",\"response\":{\"uid\":\"u\",\"allowed\":true}}",
        "received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got "
            + "admission.k8s.io/v1beta1, Kind=AdmissionReview"
    )]
    [InlineData(
        "{" + Envelope + "\"response\":{\"uid\":\"u\",\"allowed\":true,\"patch\":\"W10=\"}}",
        "received invalid webhook response: webhook returned response.patch but not response.patchType"
    )]
    [InlineData(
        "{" + Envelope + "\"response\":{\"uid\":\"u\",\"allowed\":true,\"patchType\":\"JSONPatch\"}}",
        "received invalid webhook response: webhook returned response.patchType but not response.patch"
    )]
    [InlineData(
        "{" + Envelope + "\"response\":{\"uid\":\"u\",\"allowed\":true,\"patchType\":\"Merge\",\"patch\":\"W10=\"}}",
        "received invalid webhook response: webhook returned invalid response.patchType of \"Merge\""
    )]
    public void What_is_no_answer_is_a_failure(string body, string expected) =>
        Assert.Equal(
            expected,
            Assert.Throws<WebhookFailure>(() => AdmissionReview.Read(Hook, "u", true, Encoding.UTF8.GetBytes(body))).Message
        );

    [Theory]
    [InlineData("\"patch\":\"W10=\"", "validating webhook may not return response.patch")]
    [InlineData("\"patchType\":\"JSONPatch\"", "validating webhook may not return response.patchType")]
    public void Who_only_validates_may_not_change_anything(string field, string expected) =>
        Assert.EndsWith(
            expected,
            Assert
                .Throws<WebhookFailure>(() =>
                    AdmissionReview.Read(
                        Hook,
                        "u",
                        false,
                        Encoding.UTF8.GetBytes($$"""{ {{Envelope}} "response":{"uid":"u","allowed":true,{{field}} } }""")
                    )
                )
                .Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("null", 400, "", "admission webhook \"h\" denied the request without explanation")]
    [InlineData("""{"message":"no","code":422}""", 422, "", "admission webhook \"h\" denied the request: no")]
    [InlineData("""{"reason":"Forbidden","code":403}""", 403, "Forbidden", "admission webhook \"h\" denied the request: Forbidden")]
    [InlineData("""{"message":"no","code":200}""", 400, "", "admission webhook \"h\" denied the request: no")]
    public void A_refusal_is_passed_on(string status, int code, string reason, string message)
    {
        var refusal = Assert.Throws<StatusException>(() =>
            AdmissionReview.Read(
                Hook,
                "u",
                true,
                Encoding.UTF8.GetBytes($$"""{ {{Envelope}} "response":{"uid":"u","allowed":false,"status":{{status}} } }""")
            )
        );

        Assert.Equal((code, reason, message), (refusal.Code, refusal.Reason, refusal.Message));
    }
}
