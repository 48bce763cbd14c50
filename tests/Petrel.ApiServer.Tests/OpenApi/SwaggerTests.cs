using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.OpenApi;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.OpenApi;

public sealed class SwaggerTests
{
    private static readonly SwaggerDocument Document = new(BuiltInKinds.Registry);

    private static ApiResponse Get(string accept) =>
        Document.Answer(
            new ApiRequest
            {
                Method = "GET",
                Path = "/openapi/v2",
                Accept = accept,
            }
        )!;

    private static readonly JsonNode Json = JsonNode.Parse(Get("application/json").Body.Span)!;

    [Fact]
    public void One_document_holds_the_paths_and_types_of_every_group()
    {
        Assert.Equal("2.0", (string?)Json["swagger"]);
        foreach (var kind in BuiltInKinds.Registry.All)
        {
            var definition = Json["definitions"]![kind.Schema.Name];
            Assert.True(definition is not null, kind.Schema.Name);
            Assert.Contains(definition["x-kubernetes-group-version-kind"]!.AsArray(), k =>
                (string?)k!["kind"] == kind.Gvk.Kind && (string?)k["group"] == kind.Gvk.Group
            );
        }
        Assert.NotNull(Json["paths"]!["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]!["patch"]);
        Assert.NotNull(Json["paths"]!["/api/v1/pods"]!["get"]);
    }

    [Fact]
    public void References_are_plain_and_lead_to_definitions()
    {
        var references = References(Json).ToList();

        Assert.NotEmpty(references);
        Assert.All(references.Distinct(), r => Assert.NotNull(Json["definitions"]![r["#/definitions/".Length..]]));
        var template = Json["definitions"]!["io.k8s.api.apps.v1.DeploymentSpec"]!["properties"]!["template"]!;
        Assert.Equal("#/definitions/io.k8s.api.core.v1.PodTemplateSpec", (string?)template["$ref"]);
        Assert.StartsWith("Template describes the pods", (string?)template["description"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_is_a_parameter_and_amounts_are_strings()
    {
        var post = Json["paths"]!["/api/v1/namespaces/{namespace}/configmaps"]!["post"]!;

        Assert.Equal("#/definitions/io.k8s.api.core.v1.ConfigMap", (string?)post["parameters"]![0]!["schema"]!["$ref"]);
        Assert.Equal("string", (string?)Json["definitions"]!["io.k8s.apimachinery.pkg.api.resource.Quantity"]!["type"]);
        Assert.Equal("int-or-string", (string?)Json["definitions"]!["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]!["format"]);
    }

    [Theory]
    [InlineData("application/com.github.proto-openapi.spec.v2@v1.0+protobuf")]
    [InlineData("application/com.github.proto-openapi.spec.v2.v1.0+protobuf")]
    public void Old_clients_get_protobuf(string accept)
    {
        var response = Get(accept);

        Assert.Equal("application/com.github.proto-openapi.spec.v2.v1.0+protobuf", response.ContentType);
        // Field 1, swagger, is the text "2.0".
        Assert.Equal([0x0a, 3, (byte)'2', (byte)'.', (byte)'0'], response.Body.Span[..5].ToArray());
    }

    private static IEnumerable<string> References(JsonNode? node) =>
        node switch
        {
            JsonObject map => map.SelectMany(m => m.Key == "$ref" && m.Value is JsonValue ? [(string)m.Value!] : References(m.Value)),
            JsonArray list => list.SelectMany(References),
            _ => [],
        };
}
