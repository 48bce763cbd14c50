using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Verbs;

public sealed class BindingTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Pod = """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""";
    private const string Binding =
        """{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"apiVersion":"v1","kind":"Node","name":"n1"}}""";

    [Fact]
    public async Task A_binding_assigns_the_node_and_says_so()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(Pods, Pod);

        var status = await api.JsonAsync(201, "POST", Pods + "/p/binding", Binding);
        var pod = await api.GetAsync(Pods + "/p");

        Assert.Equal("Success", (string?)status["status"]);
        Assert.Equal("n1", (string?)pod["spec"]!["nodeName"]);
        var condition = Assert.Single(pod["status"]!["conditions"]!.AsArray())!;
        Assert.Equal("PodScheduled", (string?)condition["type"]);
        Assert.Equal("True", (string?)condition["status"]);
        Assert.Equal("2026-01-02T03:04:05Z", (string?)condition["lastTransitionTime"]);
    }

    [Fact]
    public async Task A_pod_is_bound_once()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(Pods, Pod);
        await api.JsonAsync(201, "POST", "/api/v1/namespaces/default/bindings", Binding);

        var again = await api.JsonAsync(409, "POST", Pods + "/p/binding", Binding.Replace("n1", "n2", StringComparison.Ordinal));

        Assert.Equal(
            "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n1\"",
            (string?)again["message"]
        );
    }

    [Fact]
    public async Task A_pod_that_is_ending_is_not_bound()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(
            Pods,
            """{"metadata":{"name":"p","finalizers":["example.com/x"]},"spec":{"containers":[{"name":"c","image":"i"}]}}"""
        );
        await api.JsonAsync(200, "DELETE", Pods + "/p");

        var refused = await api.JsonAsync(409, "POST", Pods + "/p/binding", Binding);
        var invalid = await api.JsonAsync(422, "POST", Pods + "/p/binding", """{"metadata":{"name":"p"},"target":{"kind":"Moon"}}""");

        Assert.Contains("pod p is being deleted, cannot be assigned to a host", (string?)refused["message"], StringComparison.Ordinal);
        Assert.Contains("target.kind: Unsupported value: \"Moon\"", (string?)invalid["message"], StringComparison.Ordinal);
        Assert.Contains("target.name: Required value", (string?)invalid["message"], StringComparison.Ordinal);
    }
}
