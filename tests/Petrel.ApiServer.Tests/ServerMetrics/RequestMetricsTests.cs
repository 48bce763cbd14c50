using System.Globalization;
using System.Text.RegularExpressions;
using Petrel.ApiServer.Composition;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.ServerMetrics;

/// <summary>What stands at <c>/metrics</c>.</summary>
public sealed partial class RequestMetricsTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private static readonly UserInfo Somebody = new("jane", [UserInfo.AuthenticatedGroup]);

    [Theory]
    [InlineData("GET", Maps + "/a", "", "GET", "resource", 200)]
    [InlineData("GET", Maps, "", "LIST", "namespace", 200)]
    [InlineData("GET", "/api/v1/configmaps", "", "LIST", "cluster", 200)]
    [InlineData("GET", Maps + "?watch=true", "", "WATCH", "namespace", 200)]
    [InlineData("POST", Maps, """{"metadata":{"name":"b"}}""", "POST", "resource", 201)]
    [InlineData("PUT", Maps + "/a", """{"metadata":{"name":"a"}}""", "PUT", "resource", 200)]
    [InlineData("PATCH", Maps + "/a", """{"metadata":{"labels":{"a":"b"}}}""", "PATCH", "resource", 200)]
    [InlineData("DELETE", Maps + "/a", "", "DELETE", "resource", 200)]
    [InlineData("DELETE", Maps, "", "DELETE", "namespace", 200)]
    [InlineData("GET", Maps + "/missing", "", "GET", "resource", 404)]
    public async Task Requests_are_counted_with_upstreams_verbs_and_scopes(
        string method,
        string target,
        string body,
        string verb,
        string scope,
        int code
    )
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(Maps, """{"metadata":{"name":"a"}}""");
        var type = method == "PATCH" ? "application/merge-patch+json" : "application/json";
        var labels =
            $"verb=\"{verb}\",dry_run=\"\",group=\"\",version=\"v1\",resource=\"configmaps\",subresource=\"\",scope=\"{scope}\","
            + $"component=\"apiserver\"";
        var before = await ValueAsync(api, $"apiserver_request_total{{{labels},code=\"{code}\"}}");

        Assert.Equal(code, (await api.SendAsync(method, target, body, type)).StatusCode);

        Assert.Equal(before + 1, await ValueAsync(api, $"apiserver_request_total{{{labels},code=\"{code}\"}}"));
        // Streams have no duration.
        var timed = await ValueAsync(api, $"apiserver_request_duration_seconds_count{{{labels}}}");
        Assert.Equal(verb == "WATCH" ? 0 : before + 1, timed);
    }

    [Fact]
    public async Task An_apply_and_a_dry_run_are_counted_as_such()
    {
        await using var api = await TestApi.StartAsync();
        const string Object = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}""";
        Assert.Equal(
            201,
            (await api.SendAsync("PATCH", Maps + "/a?fieldManager=m&dryRun=All", Object, "application/apply-patch+yaml")).StatusCode
        );

        var text = await TextAsync(api);

        Assert.Contains("apiserver_request_total{verb=\"APPLY\",dry_run=\"All\",", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Paths_that_clients_make_up_take_no_labels()
    {
        await using var api = await TestApi.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await api.SendAsync("GET", $"/apis/made-up-{i}/v1/widgets");
            await api.SendAsync("GET", $"/made-up-{i}");
            await api.SendAsync("GET", $"{Maps}/a/made-up-{i}");
        }

        Assert.DoesNotContain("made-up", await TextAsync(api), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Seats_watches_store_and_objects_are_measured()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(Maps, """{"metadata":{"name":"a"}}""");
        await using var watch = await api.WatchAsync(Maps + "?watch=true");
        Assert.Equal("ADDED a", await watch.NextTextAsync());

        Assert.Equal(1, await ValueAsync(api, """etcd_requests_total{operation="create",group="",resource="configmaps"}"""));
        Assert.Equal(
            1,
            await ValueAsync(api, """etcd_request_duration_seconds_count{operation="create",group="",resource="configmaps"}""")
        );
        Assert.Equal(1, await ValueAsync(api, """apiserver_storage_objects{resource="configmaps"}"""));
        Assert.Equal(1, await ValueAsync(api, """apiserver_watch_events_total{group="",version="v1",kind="ConfigMap"}"""));
        Assert.Equal(
            1,
            await ValueAsync(
                api,
                """apiserver_longrunning_requests{verb="WATCH",group="",version="v1",resource="configmaps","""
                    + """subresource="",scope="namespace",component="apiserver"}"""
            )
        );
        Assert.Equal(16, await ValueAsync(api, """apiserver_flowcontrol_nominal_limit_seats{priority_level="reads"}"""));
    }

    [Fact]
    public async Task Metrics_are_not_for_everybody()
    {
        await using var api = await TestApi.StartAsync();

        Assert.Equal(403, (await api.SendAsync("GET", "/metrics", user: Somebody)).StatusCode);
    }

    [Fact]
    public async Task Every_family_has_its_row_in_the_documentation()
    {
        await using var api = await TestApi.StartAsync();
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Petrel.slnx")))
        {
            folder = folder.Parent!;
        }
        var documented = Row().Matches(await File.ReadAllTextAsync(Path.Combine(folder.FullName, "docs", "metrics.md")));

        var served = Type().Matches(await TextAsync(api)).Select(m => m.Groups[1].Value).ToList();

        Assert.NotEmpty(served);
        Assert.Empty(served.Except(documented.Select(m => m.Groups[1].Value)));
    }

    private static async Task<string> TextAsync(TestApi api) => (await api.SendAsync("GET", "/metrics")).BodyText;

    private static async Task<double> ValueAsync(TestApi api, string series)
    {
        var line = (await TextAsync(api)).Split('\n').FirstOrDefault(l => l.StartsWith(series + " ", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^\| `([a-z_]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("^# TYPE ([a-z_]+) ", RegexOptions.Multiline)]
    private static partial Regex Type();
}
