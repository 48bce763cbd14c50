using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.Model.Tests;

public sealed class OmittedFieldsTests
{
    [Theory]
    [InlineData("""{"metadata":{"annotations":{},"labels":{"a":""},"finalizers":[]}}""", """{"metadata":{"labels":{"a":""}}}""")]
    [InlineData("""{"spec":{"hostNetwork":false,"nodeName":"","priority":0,"nodeSelector":{}}}""", """{"spec":{"priority":0}}""")]
    [InlineData(
        """{"spec":{"containers":[],"volumes":[{"name":"v","emptyDir":{}}]}}""",
        """{"spec":{"containers":[],"volumes":[{"name":"v","emptyDir":{}}]}}"""
    )]
    [InlineData(
        """{"spec":{"containers":[{"name":"","env":[{"name":"A","value":""}],"resources":{}}]}}""",
        """{"spec":{"containers":[{"name":"","env":[{"name":"A"}],"resources":{}}]}}"""
    )]
    [InlineData(
        """{"status":{"containerStatuses":[{"ready":false,"restartCount":0,"started":false}]}}""",
        """{"status":{"containerStatuses":[{"ready":false,"restartCount":0,"started":false}]}}"""
    )]
    public void What_means_the_same_when_absent_is_left_out(string text, string expected)
    {
        var pod = KubernetesSchemas.ForKind(new GroupVersionKind("", "v1", "Pod"))!;

        Assert.Equal(expected, DocumentConformance.Check(JsonNode.Parse(text)!.AsObject(), pod).Document.ToJsonString());
    }
}
