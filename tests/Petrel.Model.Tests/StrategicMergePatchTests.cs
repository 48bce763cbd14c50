using System.Text.Json.Nodes;
using CsCheck;
using Petrel.Model.Patches;
using Petrel.Model.Schema;

namespace Petrel.Model.Tests;

public sealed class StrategicMergePatchTests
{
    private static readonly SchemaType Pod = KubernetesSchemas.ForKind(new("", "v1", "Pod"))!;
    private static readonly SchemaType Deployment = KubernetesSchemas.ForKind(new("apps", "v1", "Deployment"))!;

    [Theory]
    // The documentation's example: a second container joins the first; tolerations replace.
    [InlineData(
        """{"containers":[{"name":"a","image":"nginx"}]}""",
        """{"containers":[{"name":"b","image":"redis"}]}""",
        """{"containers":[{"name":"b","image":"redis"},{"name":"a","image":"nginx"}]}"""
    )]
    [InlineData(
        """{"tolerations":[{"key":"dedicated"}]}""",
        """{"tolerations":[{"key":"disktype"}]}""",
        """{"tolerations":[{"key":"disktype"}]}"""
    )]
    [InlineData(
        """{"containers":[{"name":"a","image":"x","args":["1"]},{"name":"b","image":"y"}]}""",
        """{"containers":[{"name":"b","image":"z"}]}""",
        """{"containers":[{"name":"a","image":"x","args":["1"]},{"name":"b","image":"z"}]}"""
    )]
    [InlineData(
        """{"containers":[{"name":"a","args":["1","2"]}]}""",
        """{"containers":[{"name":"a","args":["3"]}]}""",
        """{"containers":[{"name":"a","args":["3"]}]}"""
    )]
    [InlineData(
        """{"containers":[{"name":"a"},{"name":"b"}]}""",
        """{"containers":[{"name":"a","$patch":"delete"}]}""",
        """{"containers":[{"name":"b"}]}"""
    )]
    [InlineData(
        """{"containers":[{"name":"a"},{"name":"b"}]}""",
        """{"containers":[{"$patch":"replace"},{"name":"c"}]}""",
        """{"containers":[{"name":"c"}]}"""
    )]
    [InlineData(
        """{"nodeSelector":{"a":"1","b":"2"}}""",
        """{"nodeSelector":{"$patch":"replace","c":"3"}}""",
        """{"nodeSelector":{"c":"3"}}"""
    )]
    [InlineData(
        """{"nodeSelector":{"a":"1","b":"2"}}""",
        """{"nodeSelector":{"b":null,"c":"3"}}""",
        """{"nodeSelector":{"a":"1","c":"3"}}"""
    )]
    [InlineData("""{"securityContext":{"runAsUser":1}}""", """{"securityContext":{"$patch":"delete"}}""", """{"securityContext":{}}""")]
    [InlineData("""{"nodeName":"n","hostname":"h"}""", """{"nodeName":null}""", """{"hostname":"h"}""")]
    // What is new loses its directives and nulls.
    [InlineData(
        "{}",
        """{"containers":[{"name":"a","image":null},"""
            + """{"name":"b","$patch":"delete"}],"securityContext":{"$retainKeys":["runAsUser"],"runAsUser":1}}""",
        """{"containers":[{"name":"a"}],"securityContext":{"runAsUser":1}}"""
    )]
    // Order.
    [InlineData(
        """{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}""",
        """{"$setElementOrder/containers":[{"name":"c"},{"name":"a"},{"name":"b"}]}""",
        """{"containers":[{"name":"c"},{"name":"a"},{"name":"b"}]}"""
    )]
    [InlineData(
        """{"containers":[{"name":"a"},{"name":"s"},{"name":"b"}]}""",
        """{"$setElementOrder/containers":[{"name":"n"},{"name":"a"},{"name":"b"}],"containers":[{"name":"n","image":"i"}]}""",
        """{"containers":[{"name":"n","image":"i"},{"name":"a"},{"name":"s"},{"name":"b"}]}"""
    )]
    [InlineData(
        """{"containers":[{"name":"a"},{"name":"b"}]}""",
        """{"$setElementOrder/containers":[{"name":"b"}],"containers":[{"$patch":"delete","name":"a"},{"name":"b","image":"i"}]}""",
        """{"containers":[{"name":"b","image":"i"}]}"""
    )]
    // Unions.
    [InlineData(
        """{"volumes":[{"name":"v","emptyDir":{}}]}""",
        """{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/x"}}]}""",
        """{"volumes":[{"name":"v","hostPath":{"path":"/x"}}]}"""
    )]
    [InlineData(
        """{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"x"},{"containerPort":443}]}]}""",
        """{"containers":[{"name":"a","ports":[{"containerPort":80,"hostPort":8080}]}]}""",
        """{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"x","hostPort":8080},{"containerPort":443}]}]}"""
    )]
    public void A_pod_spec_merges_as_upstream(string original, string patch, string expected) =>
        AssertMerges(Pod, "spec", original, patch, expected);

    [Theory]
    // What only the patch has comes first, as a new container does.
    [InlineData("""{"finalizers":["a","b"]}""", """{"finalizers":["c"]}""", """{"finalizers":["c","a","b"]}""")]
    [InlineData("""{"finalizers":["a","b"]}""", """{"finalizers":["b"]}""", """{"finalizers":["a","b"]}""")]
    [InlineData("""{"finalizers":["a","b","c"]}""", """{"$deleteFromPrimitiveList/finalizers":["b"]}""", """{"finalizers":["a","c"]}""")]
    [InlineData(
        """{"finalizers":["a","b"]}""",
        """{"$setElementOrder/finalizers":["c","b","a"],"finalizers":["c"]}""",
        """{"finalizers":["c","b","a"]}"""
    )]
    [InlineData(
        """{"finalizers":["a","b"]}""",
        """{"$deleteFromPrimitiveList/finalizers":["a"],"$setElementOrder/finalizers":["c","b"],"finalizers":["c"]}""",
        """{"finalizers":["c","b"]}"""
    )]
    [InlineData(
        """{"ownerReferences":[{"uid":"1","name":"a"}]}""",
        """{"ownerReferences":[{"$patch":"delete","uid":"1"}]}""",
        """{"ownerReferences":[]}"""
    )]
    public void Metadata_merges_as_upstream(string original, string patch, string expected) =>
        AssertMerges(Pod, "metadata", original, patch, expected);

    [Fact]
    public void A_deployments_strategy_retains_only_what_the_patch_names() =>
        AssertMerges(
            Deployment,
            "spec",
            """{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}""",
            """{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}""",
            """{"strategy":{"type":"Recreate"}}"""
        );

    [Theory]
    [InlineData("""{"containers":[{"image":"x"}]}""", "does not contain declared merge key: name")]
    [InlineData("""{"containers":[{"name":"a","$patch":"merge"}]}""", "merging lists cannot yet be specified in the patch")]
    [InlineData("""{"securityContext":{"$patch":"frob"}}""", "unknown patch type found")]
    [InlineData("""{"securityContext":{"$retainKeys":"x"}}""", "invalid patch format of retainKeys")]
    [InlineData("""{"securityContext":{"$retainKeys":["a"],"runAsUser":1}}""", "invalid patch format of retainKeys")]
    [InlineData("""{"$setElementOrder/containers":"x"}""", "invalid patch format of setElementOrder list")]
    [InlineData("""{"$setElementOrder/containers":[{"name":"b"}],"containers":[{"name":"a"}]}""", "doesn't match $setElementOrder list")]
    [InlineData("""{"$deleteFromPrimitiveList/containers":{}}""", "invalid patch format of primitive list")]
    public void Malformed_patches_are_refused_in_upstreams_words(string patch, string message)
    {
        var original = JsonNode.Parse("""{"spec":{"containers":[{"name":"a"}],"securityContext":{}}}""")!.AsObject();
        var error = Assert.Throws<PatchException>(() =>
            StrategicMergePatch.Apply(original, new JsonObject { ["spec"] = JsonNode.Parse(patch) }, Pod)
        );
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_patch_changes_nothing_and_the_arguments_are_left_alone() =>
        Gen.Select(Specs, Specs)
            .Sample(
                (original, patch) =>
                {
                    var (before, change) = (original.ToJsonString(), patch.ToJsonString());
                    Assert.Equal(before, StrategicMergePatch.Apply(original, new JsonObject(), Pod).ToJsonString());
                    StrategicMergePatch.Apply(original, patch, Pod);
                    Assert.Equal(before, original.ToJsonString());
                    Assert.Equal(change, patch.ToJsonString());
                }
            );

    [Fact]
    public void Patching_twice_is_patching_once() =>
        Gen.Select(Specs, Specs)
            .Sample(
                (original, patch) =>
                {
                    var once = StrategicMergePatch.Apply(original, patch, Pod);
                    Assert.Equal(once.ToJsonString(), StrategicMergePatch.Apply(once, patch, Pod).ToJsonString());
                }
            );

    [Fact]
    public void The_patchs_elements_come_in_its_order_and_no_element_is_lost() =>
        Gen.Select(Specs, Specs)
            .Sample(
                (original, patch) =>
                {
                    var merged = Names(StrategicMergePatch.Apply(original, patch, Pod));
                    Assert.Equal(Names(patch), merged.Where(Names(patch).Contains));
                    Assert.Equal(Names(original).Union(Names(patch)).Order(), merged.Order());
                }
            );

    private static Gen<JsonObject> Specs { get; } =
        Gen.Select(Gen.Shuffle(new[] { "a", "b", "c", "d", "e" }, 0, 4), Gen.OneOfConst("x", "y"), (names, image) =>
            new JsonObject
            {
                ["spec"] = new JsonObject
                {
                    ["containers"] = new JsonArray([.. names.Select(n => new JsonObject { ["name"] = n, ["image"] = image })]),
                },
            }
        );

    private static string[] Names(JsonObject pod) => [.. pod["spec"]!["containers"]!.AsArray().Select(c => (string)c!["name"]!)];

    private static void AssertMerges(SchemaType type, string member, string original, string patch, string expected)
    {
        var result = StrategicMergePatch.Apply(
            new JsonObject { [member] = JsonNode.Parse(original) },
            new JsonObject { [member] = JsonNode.Parse(patch) },
            type
        );
        Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), result[member]!.ToJsonString());
    }
}
