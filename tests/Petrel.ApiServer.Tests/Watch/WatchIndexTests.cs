using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Watch;

/// <summary>
/// Watches that want one value of a field: they are told of just what they would be told of if every event were held against every
/// selector.
/// </summary>
public sealed class WatchIndexTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    [Fact]
    public async Task A_watch_of_a_node_sees_its_pods_come_change_and_go_and_no_others()
    {
        await using var api = await TestApi.StartAsync();
        await using var one = await api.WatchAsync("/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Done");
        await using var two = await api.WatchAsync("/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dtwo");
        await using var unbound = await api.WatchAsync("/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3D");
        await CreateAsync(api, "a", "one");
        await CreateAsync(api, "b", "two");
        await CreateAsync(api, "c", "");
        await api.JsonAsync(
            201,
            "POST",
            $"{Pods}/c/binding",
            """{"apiVersion":"v1","kind":"Binding","metadata":{"name":"c"},"target":{"kind":"Node","name":"one"}}"""
        );
        await api.JsonAsync(200, "DELETE", $"{Pods}/b?gracePeriodSeconds=0");

        Assert.Equal("ADDED a", await one.NextTextAsync());
        Assert.Equal("ADDED c", await one.NextTextAsync());
        Assert.Equal("ADDED b", await two.NextTextAsync());
        Assert.Equal("DELETED b", await two.NextTextAsync());
        Assert.Equal("ADDED c", await unbound.NextTextAsync());
        Assert.Equal("DELETED c", await unbound.NextTextAsync());
        Assert.True(one.IsQuiet() && two.IsQuiet() && unbound.IsQuiet());
    }

    [Fact]
    public async Task What_came_before_the_watch_and_after_its_revision_is_told_first_and_once()
    {
        await using var api = await TestApi.StartAsync();
        var first = await CreateAsync(api, "a", "one");
        await CreateAsync(api, "b", "one");
        await CreateAsync(api, "c", "two");
        await using var watch = await api.WatchAsync($"/api/v1/pods?watch=1&resourceVersion={first}&fieldSelector=spec.nodeName%3Done");
        Assert.Equal("ADDED b", await watch.NextTextAsync());
        await CreateAsync(api, "d", "one");
        Assert.Equal("ADDED d", await watch.NextTextAsync());
        Assert.True(watch.IsQuiet());
    }

    [Fact]
    public async Task A_watch_that_nothing_concerned_for_longer_than_the_window_goes_on()
    {
        await using var api = await TestApi.StartAsync(new ApiServerOptions { WatchWindow = 4 });
        await using var quiet = await api.WatchAsync("/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Done");
        await CreateAsync(api, "a", "one");
        Assert.Equal("ADDED a", await quiet.NextTextAsync());
        for (var i = 0; i < 10; i++)
        {
            await CreateAsync(api, $"b{i}", "two");
        }
        await CreateAsync(api, "c", "one");
        Assert.Equal("ADDED c", await quiet.NextTextAsync());
    }

    [Fact]
    public async Task Names_and_namespaces_are_told_apart()
    {
        await using var api = await TestApi.StartAsync();
        await using var named = await api.WatchAsync("/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3Dx");
        await using var spaced = await api.WatchAsync("/api/v1/namespaces/kube-public/configmaps?watch=1");
        await using var all = await api.WatchAsync("/api/v1/configmaps?watch=1");
        foreach (var (ns, name) in new[] { ("kube-public", "x"), ("default", "y"), ("default", "x") })
        {
            await api.CreateAsync($"/api/v1/namespaces/{ns}/configmaps", $$$"""{"metadata":{"name":"{{{name}}}"} }""");
        }
        Assert.Equal("ADDED x", await named.NextTextAsync());
        Assert.Equal("ADDED x", await spaced.NextTextAsync());
        Assert.Equal(["ADDED x", "ADDED y", "ADDED x"], [await all.NextTextAsync(), await all.NextTextAsync(), await all.NextTextAsync()]);
        Assert.True(named.IsQuiet() && spaced.IsQuiet() && all.IsQuiet());
    }

    private static async Task<string> CreateAsync(TestApi api, string name, string node)
    {
        var created = await api.CreateAsync(
            Pods,
            $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"nodeName":"{{{node}}}","containers":[{"name":"main","image":"i"}]} }"""
        );
        return (string)created["metadata"]!["resourceVersion"]!;
    }
}
