using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds.Apps;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Kinds;

/// <summary>A DaemonSet's templates are counted in an annotation that clients can't change.</summary>
public sealed class TemplateGenerationTests
{
    [Fact]
    public void The_first_template_is_number_one()
    {
        var set = Set("agent:1");
        TemplateGeneration.Begin(set);
        Assert.Equal("1", Number(set));
    }

    [Fact]
    public void A_set_that_is_made_again_may_go_on_counting()
    {
        var set = Set("agent:1", "7");
        TemplateGeneration.Begin(set);
        Assert.Equal("7", Number(set));
    }

    [Theory]
    [InlineData("agent:1", null, "3")]
    [InlineData("agent:1", "99", "3")]
    [InlineData("agent:2", null, "4")]
    [InlineData("agent:2", "nonsense", "4")]
    public void Only_a_new_template_is_counted(string image, string? claimed, string expected)
    {
        var set = Set(image, claimed);
        TemplateGeneration.Count(set, Set("agent:1", "3"));
        Assert.Equal(expected, Number(set));
    }

    private static string Number(JsonObject set) => (string)set["metadata"]!["annotations"]!["deprecated.daemonset.template.generation"]!;

    private static JsonObject Set(string image, string? number = null)
    {
        var set = JsonNode.Parse("""{"metadata":{},"spec":{"template":{"spec":{"containers":[{"name":"agent"}]}}}}""")!.AsObject();
        set["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = image;
        if (number is not null)
        {
            set["metadata"]!["annotations"] = new JsonObject { ["deprecated.daemonset.template.generation"] = number };
        }
        return set;
    }
}
