using k8s.Models;

namespace Petrel.Workloads.Tests;

public sealed class PodTemplateTests
{
    [Fact]
    public void Order_and_empty_members_and_the_hash_label_do_not_matter()
    {
        var left = Template(t => t.Metadata.Labels = new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" });
        var right = Template(t =>
        {
            t.Metadata.Labels = new Dictionary<string, string>
            {
                ["b"] = "2",
                ["pod-template-hash"] = "x",
                ["a"] = "1",
            };
            t.Metadata.Annotations = new Dictionary<string, string>();
            t.Spec.Tolerations = [];
            t.Spec.NodeSelector = new Dictionary<string, string>();
            t.Spec.Containers[0].Resources = new() { Limits = new Dictionary<string, ResourceQuantity>() };
        });
        left.Spec.Containers[0].Resources = new();
        Assert.True(PodTemplates.AreEqual(left, right));
        Assert.Equal(PodTemplateHash.Compute(left, null), PodTemplateHash.Compute(right, null));
        // For DaemonSets and StatefulSets the label is one like any other.
        Assert.NotEqual(PodTemplates.Canonical(left, withHashLabel: true), PodTemplates.Canonical(right, withHashLabel: true));
    }

    [Fact]
    public void Whatever_changes_the_pods_makes_another_template()
    {
        Action<V1PodTemplateSpec>[] changes =
        [
            t => t.Metadata.Labels = new Dictionary<string, string> { ["app"] = "web" },
            t => t.Metadata.Annotations = new Dictionary<string, string> { ["pod-template-hash"] = "x" },
            t => t.Spec.Containers[0].Image = "web:2",
            t => t.Spec.Containers[0].Args = ["pod-template-hash"],
            t => t.Spec.Volumes = [new() { Name = "v", EmptyDir = new() }],
            t => t.Spec.TerminationGracePeriodSeconds = 0,
            t => t.Spec.Containers.Add(new() { Name = "second", Image = "web" }),
        ];
        var all = changes.Select(Template).Append(Template(_ => { })).ToList();
        Assert.Equal(all.Count, all.Select(t => PodTemplateHash.Compute(t, null)).Distinct().Count());
        for (var i = 0; i < all.Count; i++)
        {
            for (var j = 0; j < all.Count; j++)
            {
                Assert.Equal(i == j, PodTemplates.AreEqual(all[i], all[j]));
            }
        }
    }

    [Fact]
    public void The_order_of_containers_matters()
    {
        var left = Template(t => t.Spec.Containers.Add(new() { Name = "second", Image = "web" }));
        var right = Template(t => t.Spec.Containers.Insert(0, new() { Name = "second", Image = "web" }));
        Assert.False(PodTemplates.AreEqual(left, right));
    }

    [Fact]
    public void A_collision_count_gives_another_hash_and_the_hash_is_made_of_safe_letters()
    {
        string[] hashes = [.. new int?[] { null, 0, 1, 2 }.Select(count => PodTemplateHash.Compute(Template(_ => { }), count))];
        Assert.Equal(4, hashes.Distinct().Count());
        Assert.All(hashes, hash => Assert.Matches("^[bcdfghjklmnpqrstvwxz2456789]{1,10}$", hash));
        // The name of a ReplicaSet must not change with a version of Petrel.
        Assert.Equal("77fbc7dd74", hashes[0]);
    }

    private static V1PodTemplateSpec Template(Action<V1PodTemplateSpec> with)
    {
        var template = new V1PodTemplateSpec
        {
            Metadata = new(),
            Spec = new() { Containers = [new() { Name = "main", Image = "web:1" }] },
        };
        with(template);
        return template;
    }
}
