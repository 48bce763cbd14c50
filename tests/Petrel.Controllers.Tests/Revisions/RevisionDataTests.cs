using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Controllers.Revisions;

namespace Petrel.Controllers.Tests.Revisions;

/// <summary>The data and the hash of revisions.</summary>
public sealed class RevisionDataTests
{
    [Fact]
    public void The_data_is_a_patch_that_replaces_the_template()
    {
        var data = RevisionData.Of(Template("web:1"));
        Assert.Equal(
            """{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},"spec":{"containers":["""
                + """{"image":"web:1","name":"web"}]}}}}""",
            data.ToString()
        );
        Assert.Equal(data.ToString(), KubernetesJson.Serialize(data.ToData()));
    }

    [Fact]
    public void A_revision_restores_its_template()
    {
        var template = Template("web:1");
        template.Spec.Volumes = [new() { Name = "scratch", EmptyDir = new() }];
        template.Spec.NodeSelector = new Dictionary<string, string> { ["disk"] = "ssd" };
        var revision = new V1ControllerRevision { Data = RevisionData.Of(template).ToData() };
        var back = RevisionData.From(revision)!;
        Assert.Equal(RevisionData.Of(template), back);
        Assert.NotNull(Assert.Single(back.Template.Spec.Volumes).EmptyDir);
        Assert.Equal("ssd", back.Template.Spec.NodeSelector["disk"]);
    }

    [Fact]
    public void The_order_of_members_and_empty_values_make_no_difference()
    {
        var revision = new V1ControllerRevision
        {
            Data = KubernetesJson.Deserialize<System.Text.Json.JsonElement>(
                """
                {"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:1","env":[]}],"nodeSelector":{}},
                "metadata":{"creationTimestamp":null,"labels":{"app":"web"}},"$patch":"replace"}}}
                """
            ),
        };
        Assert.Equal(RevisionData.Of(Template("web:1")), RevisionData.From(revision));
    }

    [Fact]
    public void Another_template_has_other_data_and_another_hash()
    {
        Assert.NotEqual(RevisionData.Of(Template("web:1")), RevisionData.Of(Template("web:2")));
        Assert.NotEqual(RevisionData.Of(Template("web:1")).Hash(null), RevisionData.Of(Template("web:2")).Hash(null));
        var labelled = Template("web:1");
        labelled.Metadata.Labels["pod-template-hash"] = "x";
        Assert.NotEqual(RevisionData.Of(Template("web:1")), RevisionData.Of(labelled));
    }

    [Fact]
    public void A_collision_makes_another_hash_of_the_same_data()
    {
        var data = RevisionData.Of(Template("web:1"));
        string[] hashes = [data.Hash(null), data.Hash(0), data.Hash(1), data.Hash(2)];
        Assert.Equal(4, hashes.Distinct().Count());
        Assert.All(hashes, h => Assert.Matches("^[bcdfghjklmnpqrstvwxz2456789]{1,10}$", h));
        Assert.Equal(hashes[1], RevisionData.Of(Template("web:1")).Hash(0));
    }

    [Theory]
    [InlineData("""{"spec":{"replicas":1}}""")]
    [InlineData("""[1]""")]
    [InlineData("""{"spec":"x"}""")]
    [InlineData("""{"spec":{"template":{"spec":7}}}""")]
    public void Other_data_is_not_a_template(string json) =>
        Assert.Null(RevisionData.From(new() { Data = KubernetesJson.Deserialize<System.Text.Json.JsonElement>(json) }));

    private static V1PodTemplateSpec Template(string image) =>
        new()
        {
            Metadata = new() { Labels = new Dictionary<string, string> { ["app"] = "web" } },
            Spec = new() { Containers = [new() { Name = "web", Image = image }] },
        };
}
