using System.Text.Json.Nodes;
using CsCheck;
using Petrel.Model.Patches;

namespace Petrel.Model.Tests;

public sealed class JsonPatchTests
{
    // Examples of RFC 7396, appendix A.
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", "{}")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":"foo"}""", "null", "null")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("[1,2]", """{"a":"b","c":null}""", """{"a":"b"}""")]
    [InlineData("{}", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void A_merge_patch_follows_the_rfcs_examples(string original, string patch, string result) =>
        AssertJson(result, JsonMergePatch.Apply(JsonNode.Parse(original), JsonNode.Parse(patch)));

    [Theory]
    [InlineData("""{"foo":"bar"}""", """[{"op":"add","path":"/baz","value":"qux"}]""", """{"foo":"bar","baz":"qux"}""")]
    [InlineData("""{"foo":["bar","baz"]}""", """[{"op":"add","path":"/foo/1","value":"qux"}]""", """{"foo":["bar","qux","baz"]}""")]
    [InlineData("""{"foo":["bar"]}""", """[{"op":"add","path":"/foo/-","value":["abc"]}]""", """{"foo":["bar",["abc"]]}""")]
    [InlineData("""{"baz":"qux","foo":"bar"}""", """[{"op":"remove","path":"/baz"}]""", """{"foo":"bar"}""")]
    [InlineData("""{"foo":["a","b","c"]}""", """[{"op":"remove","path":"/foo/1"}]""", """{"foo":["a","c"]}""")]
    [InlineData("""{"baz":"qux"}""", """[{"op":"replace","path":"/baz","value":"boo"}]""", """{"baz":"boo"}""")]
    [InlineData("""{"a":{"b":1},"c":{}}""", """[{"op":"move","from":"/a/b","path":"/c/d"}]""", """{"a":{},"c":{"d":1}}""")]
    [InlineData("""{"foo":["a","b","c"]}""", """[{"op":"move","from":"/foo/0","path":"/foo/2"}]""", """{"foo":["b","c","a"]}""")]
    [InlineData("""{"a":{"b":1}}""", """[{"op":"copy","from":"/a","path":"/c"}]""", """{"a":{"b":1},"c":{"b":1}}""")]
    [InlineData("""{"a/b":1,"m~n":2}""", """[{"op":"test","path":"/a~1b","value":1},{"op":"remove","path":"/m~0n"}]""", """{"a/b":1}""")]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"","value":{"b":2}}]""", """{"b":2}""")]
    public void A_json_patch_applies_its_operations(string original, string patch, string result) =>
        AssertJson(result, JsonPatch.Apply(JsonNode.Parse(original)!, JsonNode.Parse(patch)!.AsArray()));

    [Theory]
    [InlineData("""{"a":1}""", """[{"op":"remove","path":"/b"}]""", "missing path: /b")]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"/b/c","value":1}]""", "missing path: /b/c")]
    [InlineData("""{"a":[1]}""", """[{"op":"add","path":"/a/2","value":1}]""", "invalid index")]
    [InlineData("""{"a":[1]}""", """[{"op":"remove","path":"/a/01"}]""", "invalid index")]
    [InlineData("""{"a":1}""", """[{"op":"test","path":"/a","value":2}]""", "testing value /a failed")]
    [InlineData("""{"a":1}""", """[{"op":"frob","path":"/a"}]""", "Unexpected kind: frob")]
    [InlineData("""{"a":{}}""", """[{"op":"move","from":"/a","path":"/a/b"}]""", "cannot be moved into itself")]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"/b"}]""", "needs a \"value\"")]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"b","value":1}]""", "not a JSON pointer")]
    public void A_failing_operation_is_explained_and_changes_nothing(string original, string patch, string message)
    {
        var document = JsonNode.Parse(original)!;
        var operations = JsonNode.Parse(patch)!.AsArray();
        operations.Insert(0, JsonNode.Parse("""{"op":"add","path":"/first","value":1}"""));
        var error = Assert.Throws<PatchException>(() => JsonPatch.Apply(document, operations));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        AssertJson(original, document);
    }

    [Fact]
    public void The_work_of_a_patch_is_bounded()
    {
        var operation = JsonNode.Parse("""{"op":"test","path":"/a","value":1}""")!;
        var many = new JsonArray([.. Enumerable.Range(0, 10_001).Select(_ => operation.DeepClone())]);
        Assert.Contains(
            "maximum operations",
            Assert.Throws<PatchException>(() => JsonPatch.Apply(new JsonObject(), many)).Message,
            StringComparison.Ordinal
        );

        var doubling = new JsonArray([
            .. Enumerable.Range(0, 60).Select(_ => JsonNode.Parse("""{"op":"copy","from":"/a","path":"/a/-"}""")),
        ]);
        Assert.Contains(
            "accumulated size",
            Assert.Throws<PatchException>(() => JsonPatch.Apply(JsonNode.Parse("""{"a":["x"]}""")!, doubling)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Merging_the_empty_object_changes_nothing_and_merging_twice_is_merging_once() =>
        Gen.Select(JsonGen.Object, JsonGen.Object)
            .Sample(
                (original, patch) =>
                {
                    Assert.True(JsonNode.DeepEquals(original, JsonMergePatch.Apply(original, new JsonObject())));
                    var once = JsonMergePatch.Apply(original, patch);
                    Assert.True(JsonNode.DeepEquals(once, JsonMergePatch.Apply(once, patch)));
                }
            );

    private static void AssertJson(string expected, JsonNode? actual) =>
        Assert.Equal(JsonNode.Parse(expected)?.ToJsonString() ?? "null", actual?.ToJsonString() ?? "null");
}
