using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Tests.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Fuzz;

/// <summary>Patches of every type, server-side apply, and the managed fields that objects bring along.</summary>
public sealed class PatchFuzzTests
{
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";
    private const string Target = Deployments + "/d";

    private static readonly JsonNode[] JsonPatches = Parse(
        """[{"op":"add","path":"/metadata/labels","value":{"a":"b"}},{"op":"test","path":"/kind","value":"Deployment"}]""",
        """[{"op":"replace","path":"/spec/replicas","value":3},"""
            + """{"op":"copy","from":"/spec/template/metadata/labels","path":"/metadata/labels"}]""",
        """[{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"b","image":"i"}},"""
            + """{"op":"remove","path":"/spec/template/spec/containers/1"}]""",
        """[{"op":"move","from":"/spec/template/spec/containers/0/image","path":"/spec/template/spec/containers/0/workingDir"}]""",
        """[{"op":"add","path":"/metadata/annotations/a~1b~0c","value":"x"},"""
            + """{"op":"copy","from":"/metadata","path":"/spec/template/metadata"}]""",
        """[{"op":"copy","from":"/spec","path":"/spec/template"},{"op":"replace","path":"","value":{}}]"""
    );

    private static readonly JsonNode[] MergePatches = Parse(
        """{"metadata":{"labels":{"a":"b"},"annotations":null},"spec":{"replicas":2}}""",
        """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"nginx:2","env":[{"name":"A","value":"b"}]}]}}}}""",
        """{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}},"status":{"replicas":1}}"""
    );

    private static readonly JsonNode[] StrategicPatches = Parse(
        """{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"b"},"""
            + """{"name":"c"}],"containers":[{"name":"b","image":"i"},{"$patch":"delete","name":"c"}]}}}}""",
        """{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}},"metadata":{"$deleteFromPrimitiveList/finalizers":"""
            + """["a/b"],"finalizers":["c/d"]}}""",
        """{"spec":{"template":{"spec":{"volumes":[{"name":"v","emptyDir":{},"$retainKeys":"""
            + """["name","emptyDir"]}],"tolerations":[{"key":"a"}]}}},"metadata":{"labels":{"$patch":"replace","x":"y"}}}""",
        """{"spec":{"template":{"spec":{"containers":[{"$patch":"replace"},"""
            + """{"name":"n","image":"i","ports":[{"containerPort":80},{"containerPort":80,"protocol":"UDP"}]}]}}}}"""
    );

    private static readonly JsonNode[] Configurations = Parse(
        """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":{"a":"b"}},"spec":{"replicas":"""
            + """2,"template":{"spec":{"containers":[{"name":"c","env":[{"name":"A","value":"b"}],"ports":[{"containerPort":"""
            + """80,"protocol":"TCP"}]}]}}}}""",
        """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","finalizers":["a/b"]},"spec":{"selector":"""
            + """{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":["""
            + """{"name":"n","image":"i"}],"volumes":[{"name":"v","emptyDir":{}}]}}}}"""
    );

    private static readonly JsonNode[] FieldSets = Parse(
        """{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:replicas":{},"f:template":{"f:spec":{"f:containers":{"k:"""
            + """{\"name\":\"c\"}":{".":{},"f:image":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{}}}}}}}}""",
        """{"f:metadata":{"f:finalizers":{"v:\"a/b\"":{}}},"i:0":{},"f:spec":{"f:x":{"i:1":{},"v:1":{},"v:{\"a\":[1]}":{}}}}"""
    );

    [Fact]
    public void JSON_patches_are_answered() => Patch("application/json-patch+json", JsonPatches, 1500);

    [Fact]
    public void Merge_patches_are_answered() => Patch("application/merge-patch+json", MergePatches, 1000);

    [Fact]
    public void Strategic_merge_patches_are_answered() => Patch("application/strategic-merge-patch+json", StrategicPatches, 1500);

    [Fact]
    public void Apply_configurations_are_answered() => Patch("application/apply-patch+yaml", Configurations, 1200);

    [Fact]
    public void Managed_fields_that_clients_send_are_answered() => FuzzRun.Run(800, PrepareAsync, static (run, random) =>
        {
            var document = Samples.Parse(Samples.Deployment);
            document["metadata"]!["managedFields"] = new JsonArray(
                new JsonObject
                {
                    ["manager"] = "m",
                    ["operation"] = Mutator.Pick(random, (string[])["Apply", "Update"]),
                    ["apiVersion"] = "apps/v1",
                    ["time"] = "2026-01-02T03:04:05Z",
                    ["fieldsType"] = "FieldsV1",
                    ["fieldsV1"] = Keys(random, Mutator.Pick(random, FieldSets).DeepClone()),
                }
            );
            var sent = Mutator.Next(random, 3) == 0 ? Mutator.Document(random, document) : document;
            run.Send("PUT", Target + "?fieldManager=m", Mutator.Utf8(sent));
            // An accepted patch must not break the next apply.
            run.Send(
                "PATCH",
                Target + "?fieldManager=n&force=true",
                Mutator.Utf8(Mutator.Pick(random, Configurations)),
                "application/apply-patch+yaml"
            );
        });

    private static void Patch(string type, JsonNode[] samples, int inputs)
    {
        var bytes = samples.Select(Mutator.Utf8).ToArray();
        FuzzRun.Run(inputs, PrepareAsync, (run, random) =>
        {
            var patch =
                Mutator.Next(random, 4) == 0
                    ? Mutator.Bytes(random, bytes)
                    : Mutator.Utf8(Keys(random, Mutator.Document(random, Mutator.Pick(random, samples))));
            var answer = run.Send(
                "PATCH",
                Mutator.Pick(random, (string[])[Target, Target, Target + "/status", Target + "/scale"])
                    + $"?fieldManager=m{(type[12] == 'a' ? "&force=true" : "")}",
                patch,
                type
            );
            Assert.NotEqual(404, answer.StatusCode);
        });
    }

    /// <summary>Now and then another member name: patches say much in those.</summary>
    private static JsonNode Keys(PCG random, JsonNode node)
    {
        if (Mutator.Next(random, 2) == 0)
        {
            return node;
        }
        var text = node.ToJsonString();
        var names = text.Split('"').Where((_, i) => i % 2 == 1).ToArray();
        return names.Length == 0
            ? node
            : TryParse(
                text.Replace(
                    $"\"{Mutator.Pick(random, names)}\"",
                    JsonValue.Create(Mutator.Text(random, names)).ToJsonString(),
                    StringComparison.Ordinal
                )
            ) ?? node;
    }

    private static JsonNode? TryParse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static JsonNode[] Parse(params string[] texts) => [.. texts.Select(t => JsonNode.Parse(Encoding.UTF8.GetBytes(t))!)];

    private static Task PrepareAsync(TestApi api) => api.CreateAsync(Deployments, Samples.Parse(Samples.Deployment).ToJsonString());
}
