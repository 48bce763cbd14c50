using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.Model.Tests;

public sealed class DocumentTests
{
    private static readonly SchemaType Pod = KubernetesSchemas.ForKind(new("", "v1", "Pod"))!;

    [Fact]
    public void Duplicate_members_are_named_and_the_last_one_counts()
    {
        var (document, problems) = DocumentParser.Parse("""{"a":1,"spec":{"x":[{"y":1,"y":2}],"x":3},"a":2}"""u8);
        Assert.Equal(["duplicate field \"spec.x[0].y\"", "duplicate field \"spec.x\"", "duplicate field \"a\""], problems);
        Assert.Equal("""{"a":2,"spec":{"x":3}}""", document.ToJsonString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{} x")]
    [InlineData("{\"a\":01}")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    public void What_is_no_json_object_is_refused(string text) =>
        Assert.Throws<DocumentFormatException>(() => DocumentParser.Parse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Deep_nesting_and_broken_utf8_are_refused()
    {
        var deep = Encoding.UTF8.GetBytes("{\"a\":" + new string('[', 10_000) + new string(']', 10_000) + "}");
        Assert.Throws<DocumentFormatException>(() => DocumentParser.Parse(deep));
        Assert.Throws<DocumentFormatException>(() => DocumentParser.Parse([.. "{\"a\":\""u8, 0xFF, .. "\"}"u8]));
    }

    [Fact]
    public void Random_bytes_are_parsed_or_refused_and_nothing_else() =>
        Gen
            .Byte.Array[0, 40]
            .Sample(bytes =>
            {
                try
                {
                    DocumentParser.Parse([.. "{\"a\":"u8, .. bytes]);
                }
                catch (DocumentFormatException) { }
            });

    [Fact]
    public void Numbers_keep_their_digits()
    {
        const string text = """{"a":123456789012345678901234567890,"b":1.50,"c":-0,"d":1e3}""";
        Assert.Equal(text, DocumentParser.Parse(Encoding.UTF8.GetBytes(text)).Document.ToJsonString());
    }

    [Fact]
    public void Unknown_fields_are_named_with_their_path_and_dropped()
    {
        var result = Check(
            """{"kind":"Pod","foo":1,"spec":{"bar":{},"containers":[{"name":"a","imag":"x","env":[{"name":"E","valu":"1"}]}]}}"""
        );
        Assert.Equal(
            [
                "unknown field \"foo\"",
                "unknown field \"spec.bar\"",
                "unknown field \"spec.containers[0].imag\"",
                "unknown field \"spec.containers[0].env[0].valu\"",
            ],
            result.UnknownFields
        );
        Assert.Equal([], result.TypeErrors);
        Assert.Equal("""{"kind":"Pod","spec":{"containers":[{"name":"a","env":[{"name":"E"}]}]}}""", result.Document.ToJsonString());
    }

    [Theory]
    [InlineData("""{"spec":{"priority":"x"}}""", "spec.priority: expected a 32-bit integer, got the string \"x\"")]
    [InlineData("""{"spec":{"priority":3000000000}}""", "spec.priority: expected a 32-bit integer, got the number 3000000000")]
    [InlineData("""{"spec":{"priority":1.5}}""", "spec.priority: expected a 32-bit integer, got the number 1.5")]
    [InlineData("""{"spec":{"containers":{}}}""", "spec.containers: expected an array, got an object")]
    [InlineData("""{"spec":{"containers":["a"]}}""", "spec.containers[0]: expected an object, got the string \"a\"")]
    [InlineData("""{"metadata":{"labels":{"a":1}}}""", "metadata.labels.a: expected a string, got the number 1")]
    [InlineData("""{"metadata":{"labels":[]}}""", "metadata.labels: expected an object, got an array")]
    [InlineData("""{"spec":{"hostNetwork":"true"}}""", "spec.hostNetwork: expected a boolean, got the string \"true\"")]
    [InlineData("""{"metadata":{"creationTimestamp":"yesterday"}}""", "metadata.creationTimestamp: expected a time such as")]
    [InlineData("""{"spec":{"overhead":{"cpu":"much"}}}""", "spec.overhead.cpu: expected a quantity")]
    public void Wrong_types_name_the_field_and_what_was_expected(string document, string message) =>
        Assert.StartsWith(message, Assert.Single(Check(document).TypeErrors), StringComparison.Ordinal);

    // The offsets are those of Go's encoding/base64.
    [Theory]
    [InlineData("!", 0)]
    [InlineData("YQ=", 3)]
    [InlineData("YQ==YQ==", 4)]
    [InlineData("Y===", 1)]
    [InlineData("YWI=x", 4)]
    [InlineData("YW\nI$", 4)]
    [InlineData("YWJj ", 4)]
    [InlineData("YWJ", 3)]
    public void Bad_base64_is_located_and_not_repeated(string text, int at)
    {
        var map = new JsonObject { ["binaryData"] = new JsonObject { ["k"] = text } };

        var problem = DocumentConformance.Check(map, KubernetesSchemas.ByName("io.k8s.api.core.v1.ConfigMap")!).TypeErrors;

        Assert.Equal($"binaryData.k: illegal base64 data at input byte {at}", Assert.Single(problem));
    }

    [Fact]
    public void Quantities_and_times_become_canonical_and_nulls_go()
    {
        var result = Check(
            """
            {"metadata":{"name":null,"labels":{"a":null},"creationTimestamp":"2024-01-02T03:04:05.678+01:00"},
             "spec":{"overhead":{"cpu":0.5,"memory":"1.50Gi"},"nodeName":null,"containers":[{"name":"a",
             "livenessProbe":{"httpGet":{"port":80}}}]}}
            """
        );
        Assert.Equal([], result.TypeErrors);
        Assert.Equal(
            """{"metadata":{"labels":{"a":""},"creationTimestamp":"2024-01-02T02:04:05Z"},"spec":{"overhead":"""
                + """{"cpu":"500m","memory":"1536Mi"},"containers":[{"name":"a","livenessProbe":{"httpGet":{"port":80}}}]}}""",
            result.Document.ToJsonString()
        );
    }

    [Fact]
    public void A_conforming_document_conforms_to_itself() =>
        JsonGen.Object.Sample(random =>
        {
            var once = DocumentConformance.Check(new JsonObject { ["metadata"] = random.DeepClone(), ["spec"] = random.DeepClone() }, Pod);
            var twice = DocumentConformance.Check(once.Document, Pod);
            Assert.Equal([], twice.UnknownFields);
            Assert.Equal(once.Document.ToJsonString(), twice.Document.ToJsonString());
        });

    private static ConformanceResult Check(string document) =>
        DocumentConformance.Check(DocumentParser.Parse(Encoding.UTF8.GetBytes(document)).Document, Pod);
}
