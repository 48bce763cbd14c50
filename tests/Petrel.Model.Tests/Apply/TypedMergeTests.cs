using System.Text.Json.Nodes;
using CsCheck;
using Petrel.Model.Apply;
using Petrel.Model.Schema;

namespace Petrel.Model.Tests.Apply;

public sealed class TypedMergeTests
{
    private static readonly SchemaType Pod = KubernetesSchemas.ForKind(new GroupVersionKind("", "v1", "Pod"))!;

    private static readonly Gen<string[]> Names = Gen.Int[0, 5]
        .Array[0, 5]
        .Select(numbers => numbers.Distinct().Select(n => $"c{n}").ToArray());

    private static JsonObject Containers(IEnumerable<string> names, string image) =>
        new()
        {
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray([.. names.Select(n => new JsonObject { ["name"] = n, ["image"] = $"{n}:{image}" })]),
            },
        };

    private static string[] Of(JsonObject pod) => [.. pod["spec"]!["containers"]!.AsArray().Select(c => (string)c!["image"]!)];

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    [Fact]
    public void A_merged_list_agrees_with_a_naive_merge() =>
        Gen.Select(Names, Names)
            .Sample(
                (live, wanted) =>
                {
                    var merged = Of(TypedMerge.Merge(Containers(live, "old"), Containers(wanted, "new"), Pod));

                    // Each item once, with the configuration's value where it has one.
                    var expected = live.Union(wanted).Select(n => wanted.Contains(n) ? $"{n}:new" : $"{n}:old");
                    Assert.Equal(expected.Order(), merged.Order());
                    // The configuration's items are in its order, and the others in theirs.
                    Assert.Equal(wanted.Select(n => $"{n}:new"), merged.Where(i => i.EndsWith("new", StringComparison.Ordinal)));
                    Assert.Equal(
                        live.Except(wanted).Select(n => $"{n}:old"),
                        merged.Where(i => i.EndsWith("old", StringComparison.Ordinal))
                    );
                }
            );

    [Fact]
    public void Merging_again_changes_nothing() =>
        Gen.Select(Names, Names)
            .Sample(
                (live, wanted) =>
                {
                    var once = TypedMerge.Merge(Containers(live, "old"), Containers(wanted, "new"), Pod);

                    Assert.True(JsonNode.DeepEquals(once, TypedMerge.Merge(once, Containers(wanted, "new"), Pod)));
                }
            );

    [Theory]
    [InlineData("a b c", "c a", "b c a")]
    [InlineData("a b c", "b", "a b c")]
    [InlineData("a b", "x a y b z", "x a y b z")]
    [InlineData("a b c d", "d x b", "a c d x b")]
    [InlineData("", "b a", "b a")]
    [InlineData("a", "b", "a b")]
    public void Items_are_placed_as_upstream_places_them(string live, string wanted, string merged)
    {
        static string[] Split(string names) => names.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var result = TypedMerge.Merge(Containers(Split(live), "1"), Containers(Split(wanted), "1"), Pod);

        Assert.Equal(Split(merged), result["spec"]!["containers"]!.AsArray().Select(c => (string)c!["name"]!));
    }

    [Fact]
    public void Items_that_are_there_twice_give_way_to_the_configurations()
    {
        var live = Parse(
            """{"spec":{"containers":[{"name":"a","env":[{"name":"X","value":"1"},{"name":"Y","value":"y"},{"name":"X","value":"2"}]}]}}"""
        );
        var wanted = Parse("""{"spec":{"containers":[{"name":"a","env":[{"name":"X","value":"3"}]}]}}""");

        var merged = TypedMerge.Merge(live, wanted, Pod);

        Assert.Equal("""[{"name":"X","value":"3"},{"name":"Y","value":"y"}]""", merged["spec"]!["containers"]![0]!["env"]!.ToJsonString());
    }

    [Fact]
    public void A_key_that_is_left_out_has_its_default()
    {
        var live = Parse("""{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"protocol":"TCP","name":"http"}]}]}}""");
        var wanted = Parse(
            """{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"hostPort":8080},"""
                + """{"containerPort":80,"protocol":"UDP"}]}]}}"""
        );

        var merged = TypedMerge.Merge(live, wanted, Pod);

        Assert.Equal(
            """[{"containerPort":80,"protocol":"TCP","name":"http","hostPort":8080},{"containerPort":80,"protocol":"UDP"}]""",
            merged["spec"]!["containers"]![0]!["ports"]!.ToJsonString()
        );
    }

    [Fact]
    public void Atomic_values_are_replaced_and_sets_united()
    {
        var live = Parse("""{"metadata":{"finalizers":["a/b","c/d"]},"spec":{"nodeSelector":{"x":"1"},"tolerations":[{"key":"k"}]}}""");
        var wanted = Parse("""{"metadata":{"finalizers":["e/f","a/b"]},"spec":{"nodeSelector":{"y":"2"},"tolerations":[{"key":"l"}]}}""");

        var merged = TypedMerge.Merge(live, wanted, Pod);

        Assert.Equal(
            """{"metadata":{"finalizers":["e/f","a/b","c/d"]},"spec":{"nodeSelector":{"y":"2"},"tolerations":[{"key":"l"}]}}""",
            merged.ToJsonString()
        );
    }

    [Fact]
    public void A_null_takes_a_value_away_but_nothing_made_of_parts()
    {
        var live = Parse("""{"metadata":{"labels":{"a":"1"}},"spec":{"priority":1,"nodeSelector":{"x":"1"}}}""");
        var wanted = Parse("""{"metadata":{"labels":null},"spec":{"priority":null,"nodeSelector":null}}""");

        var merged = TypedMerge.Merge(live, wanted, Pod);

        Assert.Equal("""{"metadata":{"labels":{"a":"1"}},"spec":{"priority":null,"nodeSelector":null}}""", merged.ToJsonString());
    }
}
