using System.Text.Json.Nodes;
using CsCheck;
using Petrel.Model.Selectors;

namespace Petrel.Model.Tests;

public sealed class SelectorTests
{
    private static readonly Gen<string> Words = Gen.OneOfConst("a", "b", "app", "tier", "example.com/x", "v1");
    private static readonly Gen<string> Values = Gen.OneOfConst("", "a", "b", "web", "1", "v_2.x");

    [Theory]
    [InlineData("", "", true)]
    [InlineData("a=b", "a=b", true)]
    [InlineData("a==b", "a=b", true)]
    [InlineData("a=b", "a=c", false)]
    [InlineData("a!=b", "", true)]
    [InlineData("a!=b", "a=b", false)]
    [InlineData("a in (b,c)", "a=c", true)]
    [InlineData("a in (b, c)", "a=d", false)]
    [InlineData("a notin (b,c)", "", true)]
    [InlineData("a notin (b,c)", "a=b", false)]
    [InlineData("a", "a=", true)]
    [InlineData("a", "b=", false)]
    [InlineData("!a", "b=", true)]
    [InlineData("!a", "a=x", false)]
    [InlineData("a=", "a=", true)]
    [InlineData("a in (,b)", "a=", true)]
    [InlineData("x>5", "x=6", true)]
    [InlineData("x<5", "x=6", false)]
    [InlineData("x>5", "x=y", false)]
    [InlineData("a=b,c in (d),!e", "a=b,c=d", true)]
    public void Selectors_choose_by_labels(string selector, string labels, bool matches)
    {
        var map = labels.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('=')).ToDictionary(l => l[0], l => l[1]);
        Assert.Equal(matches, LabelSelector.Parse(selector).Matches(map));
        Assert.Equal(matches, LabelSelector.Parse(selector).Matches(System.Text.Json.JsonSerializer.SerializeToElement(map)));
    }

    [Theory]
    [InlineData("a in", "found '' expected: '('")]
    [InlineData("a=b,", "found '', expected: identifier after ','")]
    [InlineData("=b", "found '=', expected: identifier")]
    [InlineData("a b", "found 'b', expected: in, notin, =, ==, !=, gt, lt")]
    [InlineData("a=b c", "found 'c', expected: ',' or 'end of string'")]
    [InlineData("-a=b", "name part must consist of")]
    [InlineData("a=-b", "a valid label must be")]
    [InlineData("a>b", "must be an integer")]
    public void Malformed_selectors_are_refused_in_upstreams_words(string selector, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => LabelSelector.Parse(selector)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_documents_selector_has_labels_and_expressions()
    {
        var selector = LabelSelector.FromDocument(
            JsonNode.Parse(
                """
                {"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"NotIn","values":["db"]},{"key":"x",
                "operator":"DoesNotExist"}]}
                """
            )
        );
        Assert.True(selector.Matches(new Dictionary<string, string> { ["app"] = "web", ["tier"] = "front" }));
        Assert.False(selector.Matches(new Dictionary<string, string> { ["app"] = "web", ["tier"] = "db" }));
        Assert.False(selector.Matches(new Dictionary<string, string> { ["app"] = "web", ["x"] = "" }));
        Assert.Equal("app=web,tier!=db,!x", selector.ToString());
    }

    [Fact]
    public void An_absent_selector_matches_nothing_and_an_empty_one_everything()
    {
        var none = new Dictionary<string, string>();
        Assert.False(LabelSelector.FromDocument((JsonNode?)null).Matches(none));
        Assert.True(LabelSelector.FromDocument(new JsonObject()).Matches(none));
    }

    [Fact]
    public void What_a_selector_writes_reads_back_the_same()
    {
        var requirements = Gen.Select(Words, Gen.Enum<SelectorOperator>(), Values.Array[1, 3], (key, op, values) => op switch
            {
                SelectorOperator.Exists or SelectorOperator.DoesNotExist => new LabelRequirement(key, op, []),
                SelectorOperator.GreaterThan or SelectorOperator.LessThan => new LabelRequirement(key, op, ["7"]),
                _ => new LabelRequirement(key, op, values),
            });
        requirements
            .Array[0, 4]
            .Sample(items =>
            {
                var selector = LabelSelector.FromRequirements(items);
                Assert.Equal(selector.Requirements, LabelSelector.Parse(selector.ToString()).Requirements);
            });
    }

    [Fact]
    public void Field_selectors_compare_escaped_values()
    {
        var selector = FieldSelector.Parse(@"metadata.name=a\,b,spec.nodeName!=n1,status.phase==Running");
        Assert.Equal(
            [new("metadata.name", false, "a,b"), new("spec.nodeName", true, "n1"), new("status.phase", false, "Running")],
            selector.Requirements
        );
        Assert.True(
            selector.Matches(f =>
                f switch
                {
                    "metadata.name" => "a,b",
                    "status.phase" => "Running",
                    _ => "",
                }
            )
        );
        Assert.False(
            selector.Matches(f =>
                f switch
                {
                    "metadata.name" => "a,b",
                    "status.phase" => "Running",
                    _ => "n1",
                }
            )
        );
    }

    [Theory]
    [InlineData("abc", "invalid selector: 'abc'; can't understand 'abc'")]
    [InlineData(@"a=\x", "invalid escape sequence")]
    [InlineData("a=b=c", "unescaped character in value")]
    public void Malformed_field_selectors_are_refused(string selector, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => FieldSelector.Parse(selector)).Message, StringComparison.Ordinal);

    [Fact]
    public void Any_field_value_survives_escaping() =>
        Gen.String[Gen.Char[@"ab,=\!"], 0, 8]
            .Sample(value =>
                Assert.Equal(value, FieldSelector.Parse(new FieldRequirement("f", false, value).ToString()).Requirements[0].Value)
            );
}
