using k8s.Models;
using Petrel.Model.Selectors;

namespace Petrel.Workloads.Tests;

public sealed class LabelSelectorsTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web", ["tier"] = "front" };

    [Theory]
    [InlineData("app", "In", "web,api", true)]
    [InlineData("app", "In", "api", false)]
    [InlineData("app", "NotIn", "api", true)]
    [InlineData("absent", "NotIn", "api", true)]
    [InlineData("app", "Exists", "", true)]
    [InlineData("app", "DoesNotExist", "", false)]
    [InlineData("absent", "DoesNotExist", "", true)]
    public void Expressions_match_labels(string key, string op, string values, bool matches) =>
        Assert.Equal(matches, Selector((key, op, values)).Matches(Labels));

    // Validation refuses all of these. Gt and Lt are operators of node selectors only.
    [Theory]
    [InlineData("tier", "Gt", "1")]
    [InlineData("tier", "Lt", "1")]
    [InlineData("tier", "", "front")]
    [InlineData("app", "In", "")]
    [InlineData("app", "Exists", "web")]
    [InlineData("not a key", "Exists", "")]
    public void A_malformed_selector_selects_nothing(string key, string op, string values)
    {
        var selector = Selector((key, op, values));
        Assert.False(selector.Matches(Labels));
        Assert.False(selector.Matches(new Dictionary<string, string>()));
    }

    [Fact]
    public void Null_selects_nothing_and_an_empty_selector_everything()
    {
        Assert.False(LabelSelectors.From(null).Matches(Labels));
        Assert.True(LabelSelectors.From(new()).Matches(Labels));
        Assert.True(LabelSelectors.From(new()).Matches(new Dictionary<string, string>()));
    }

    [Fact]
    public void Labels_expressions_and_additional_requirements_must_all_hold()
    {
        var selector = new V1LabelSelector
        {
            MatchLabels = new Dictionary<string, string> { ["app"] = "web" },
            MatchExpressions = [Expression("tier", "In", "front")],
        };
        Assert.True(LabelSelectors.From(selector).Matches(Labels));
        Assert.False(LabelSelectors.From(selector).Matches(new Dictionary<string, string> { ["app"] = "web" }));
        Assert.False(LabelSelectors.From(selector, [new("app", SelectorOperator.In, ["api"])]).Matches(Labels));
        Assert.False(LabelSelectors.From(null, [new("app", SelectorOperator.In, ["web"])]).Matches(Labels));
    }

    [Fact]
    public void Label_sets_compare_by_their_content()
    {
        var same = new SortedDictionary<string, string> { ["tier"] = "front", ["app"] = "web" };
        Assert.True(LabelSets.AreEqual(Labels, same));
        Assert.True(LabelSets.AreEqual(null, new Dictionary<string, string>()));
        Assert.False(LabelSets.AreEqual(Labels, null));
        Assert.False(LabelSets.AreEqual(Labels, new Dictionary<string, string> { ["app"] = "web" }));
        Assert.False(LabelSets.AreEqual(Labels, new Dictionary<string, string> { ["app"] = "web", ["tier"] = "back" }));
        Assert.False(LabelSets.AreEqual(Labels, new Dictionary<string, string> { ["app"] = "web", ["other"] = "front" }));
        Assert.True(LabelSets.ContainAll(Labels, new Dictionary<string, string> { ["app"] = "web" }));
        Assert.True(LabelSets.ContainAll(Labels, LabelSets.Of(null)));
        Assert.False(LabelSets.ContainAll(Labels, new Dictionary<string, string> { ["app"] = "api" }));
        Assert.False(LabelSets.ContainAll(LabelSets.Of(null), Labels));
    }

    private static LabelSelector Selector(params (string Key, string Operator, string Values)[] expressions) =>
        LabelSelectors.From(new() { MatchExpressions = [.. expressions.Select(e => Expression(e.Key, e.Operator, e.Values))] });

    private static V1LabelSelectorRequirement Expression(string key, string op, string values) =>
        new()
        {
            Key = key,
            OperatorProperty = op,
            Values = values.Split(',', StringSplitOptions.RemoveEmptyEntries),
        };
}
