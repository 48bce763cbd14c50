using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using CsCheck;
using Petrel.Model.Apply;

namespace Petrel.Model.Tests.Apply;

public sealed class FieldSetTests
{
    private static readonly string[] Elements = ["f:a", "f:b", "k:{\"name\":\"x\"}", "v:1", "i:0"];

    private static readonly Gen<FieldSet> Sets = Gen.Int[0, Elements.Length - 1]
        .Array[1, 3]
        .Array[0, 8]
        .Select(paths =>
        {
            var set = new FieldSet();
            foreach (var path in paths)
            {
                set.Add([.. path.Select(i => Elements[i])]);
            }
            return set;
        });

    [Fact]
    public void What_is_written_is_read_back() =>
        Sets.Sample(set => Assert.True(FieldSet.Parse(JsonNode.Parse(set.ToJson().ToJsonString())).SetEquals(set), set.ToString()));

    [Fact]
    public void Sets_follow_the_laws_of_sets() =>
        Gen.Select(Sets, Sets, Sets)
            .Sample(
                (a, b, c) =>
                {
                    Assert.True(a.Union(b).SetEquals(b.Union(a)));
                    Assert.True(a.Intersection(b).SetEquals(b.Intersection(a)));
                    Assert.True(a.Difference(b).Union(a.Intersection(b)).SetEquals(a));
                    Assert.True(a.Union(b).Difference(b).SetEquals(a.Difference(b)));
                    Assert.True(a.Intersection(b.Union(c)).SetEquals(a.Intersection(b).Union(a.Intersection(c))));
                    Assert.True(a.Difference(a).IsEmpty);
                    Assert.True(a.RecursiveDifference(b).Intersection(b).IsEmpty);
                }
            );

    [Fact]
    public void Items_are_in_the_order_of_the_values_of_their_keys()
    {
        // Texts with and without escapes, texts that only differ after one's end, and numbers of different lengths.
        string[] texts = ["", "a", "a!", "a b", "ab", "a\"", "a\"!", "a\\", "\u00e9", "A"];
        Gen.Select(Gen.Int[0, 120], Gen.OneOfConst(texts), Gen.Int[0, 120], Gen.OneOfConst(texts))
            .Sample(
                (leftPort, leftText, rightPort, rightText) =>
                {
                    var byPort = leftPort.CompareTo(rightPort);
                    var byText = Math.Sign(string.CompareOrdinal(leftText, rightText));
                    Assert.Equal(byPort != 0 ? byPort : byText, Order(Item(leftPort, leftText), Item(rightPort, rightText)));
                    Assert.Equal(byText, Order(Item(null, leftText), Item(null, rightText)));
                    // Numbers come before texts, and an item with fewer keys before one with more.
                    Assert.Equal(-1, Order($$$"""k:{"a":{{{leftPort}}}}""", Item("a", leftText)));
                    Assert.Equal(-1, Order($$$"""k:{"port":{{{leftPort}}}}""", Item(leftPort, leftText)));
                }
            );

        static int Order(string left, string right) => Math.Sign(PathElement.Compare(left, right));
        static string Item(object? port, string text) =>
            "k:"
            + (
                port switch
                {
                    int number => new JsonObject { ["port"] = number, ["protocol"] = text },
                    string name => new JsonObject { [name] = text },
                    _ => new JsonObject { ["protocol"] = text },
                }
            ).ToJsonString(new(System.Text.Json.JsonSerializerOptions.Default) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    [Theory]
    [InlineData("k:{\"a\":\"1\"", "k:{\"a\":\"2\"}")]
    [InlineData("k:{\"a\":01}", "k:{\"a\":2}")]
    [InlineData("k:{\"a\":\"x\"}}", "k:{\"a\":\"y\"}")]
    [InlineData("k:nothing", "k:{\"a\":1}")]
    public void Texts_that_are_no_keys_are_ordered_all_the_same(string left, string right)
    {
        Assert.NotEqual(0, PathElement.Compare(left, right));
        Assert.Equal(-Math.Sign(PathElement.Compare(left, right)), Math.Sign(PathElement.Compare(right, left)));
    }

    [Fact]
    public void Membership_agrees_with_the_paths() =>
        Gen.Select(Sets, Sets)
            .Sample(
                (a, b) =>
                {
                    var union = a.Union(b).Paths().ToHashSet();
                    Assert.Equal(union, a.Paths().Concat(b.Paths()).ToHashSet());
                    Assert.Equal(a.Paths().Intersect(b.Paths()).ToHashSet(), a.Intersection(b).Paths().ToHashSet());
                    Assert.Equal(a.Paths().Except(b.Paths()).ToHashSet(), a.Difference(b).Paths().ToHashSet());
                }
            );

    [Fact]
    public void Steps_are_in_upstreams_order()
    {
        string[] ordered =
        [
            "f:a",
            "f:b",
            """k:{"port":80,"protocol":"TCP"}""",
            """k:{"port":80,"protocol":"UDP"}""",
            """k:{"port":443,"protocol":"TCP"}""",
            """k:{"type":"a"}""",
            "v:9",
            "v:10",
            "v:\"a\"",
            "v:\"b\"",
            "i:2",
            "i:10",
        ];
        Gen.Shuffle(ordered)
            .Sample(shuffled =>
            {
                var set = new FieldSet();
                foreach (var element in shuffled)
                {
                    set.Add(element);
                }
                Assert.Equal(ordered, set.Children.Select(c => c.Key));
                Assert.True(FieldSet.Parse(set.ToJson()).SetEquals(set));
            });
    }

    [Fact]
    public void Fields_of_one_level_are_shown_before_those_below_them()
    {
        var set = new FieldSet();
        set.Add("f:a", "f:b");
        set.Add("f:c");

        Assert.Equal([".c", ".a.b"], set.Paths());
    }

    [Fact]
    public void A_path_is_shown_as_people_read_it()
    {
        var set = new FieldSet();
        set.Add("f:spec", "f:containers", "k:{\"name\":\"web\"}", "f:image");

        Assert.Equal([""".spec.containers[name="web"].image"""], set.Paths());
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"x:a":{}}""")]
    [InlineData("""{"f:a":1}""")]
    public void Other_forms_are_refused(string text) => Assert.Throws<FormatException>(() => FieldSet.Parse(JsonNode.Parse(text)));
}
