using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Tests;

public sealed class JsonEqualityTests
{
    [Theory]
    [InlineData("null", "null", true)]
    [InlineData("null", "{}", false)]
    [InlineData("{}", "[]", false)]
    [InlineData("1", "1.0", true)]
    [InlineData("\"a\"", "\"\\u0061\"", true)]
    [InlineData("""{"a":1,"b":[1,{"c":"x"}]}""", """{ "a" : 1, "b" : [ 1, { "c" : "x" } ] }""", true)]
    [InlineData("""{"a":1,"b":2}""", """{"b":2,"a":1}""", true)]
    [InlineData("""{"a":[1.0]}""", """{"a":[1]}""", true)]
    [InlineData("""{"a":"x"}""", """{"a":"y"}""", false)]
    [InlineData("""{"a":"x"}""", """{"a":"x","b":null}""", false)]
    [InlineData("[1,2]", "[2,1]", false)]
    public void It_says_what_the_comparison_of_nodes_says(string left, string right, bool same)
    {
        Assert.Equal(same, JsonNode.DeepEquals(JsonNode.Parse(left), JsonNode.Parse(right)));
        Assert.Equal(same, JsonEquality.DeepEquals(JsonNode.Parse(left), JsonNode.Parse(right)));
        Assert.Equal(same, JsonEquality.DeepEquals(JsonNode.Parse(right), JsonNode.Parse(left)));
    }

    [Fact]
    public void What_was_compared_before_does_not_matter()
    {
        var large = new JsonArray([.. Enumerable.Range(0, 100_000).Select(i => JsonValue.Create(i))]);
        Assert.True(JsonEquality.DeepEquals(large, large.DeepClone()));
        Assert.False(JsonEquality.DeepEquals(new JsonArray(1), large));
        Assert.True(JsonEquality.DeepEquals(new JsonArray(1), new JsonArray(1)));
    }
}
