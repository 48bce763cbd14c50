using System.Text;
using CsCheck;

namespace Petrel.ApiServer.Tests.Protection;

/// <summary>Whatever is sent, the answer is a clear 4xx, soon, and the server goes on.</summary>
public sealed class HostileInputTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    public static TheoryData<string, string> Bodies => new()
    {
        { "application/json", Deep("{\"a\":", "1", "}", 100_000) },
        { "application/json", Deep("[", "", "]", 100_000) },
        { "application/json", "{\"metadata\":{\"name\":\"" + new string('x', 2_000_000) + "\"}}" },
        { "application/json", "{\"metadata\":{\"name\":\"a\",\"labels\":{" + string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"{i}\":\"\"")) + "}" },
        { "application/json", "{\"data\":{\"a\":1e999999999}}" },
        { "application/json", "\ufeff" },
        { "application/json", "" },
        { "application/json", "null" },
        { "application/json", "{" },
        { "application/yaml", Deep("[", "", "]", 100_000) },
        { "application/yaml", Deep("{a: ", "1", "}", 100_000) },
        { "application/yaml", Deep("- ", "1", "", 100_000) },
        { "application/yaml", Bomb(9) },
        { "application/yaml", "a: &a [*a]" },
        { "application/yaml", "a: 1\na: 2" },
        { "application/yaml", "? [a]\n: b" },
        { "application/yaml", "--- a\n--- b\n" },
        { "application/yaml", "!!binary x" },
        { "application/yaml", "%YAML 9.9\n---\n" },
        { "application/vnd.kubernetes.protobuf", "k8s\0" + new string('\xff', 1000) },
        { "application/vnd.kubernetes.protobuf", "k8s\0" },
        { "application/cbor", "\xd9\xd9\xf7\xa0" },
        { "text/html", "<html>" },
    };

    public static TheoryData<string, string> Patches => new()
    {
        // Each copy doubles what is there.
        { "application/json-patch+json", "[{\"op\":\"add\",\"path\":\"/data\",\"value\":{\"a\":\"" + new string('x', 1000) + "\"}},"
            + string.Join(',', Enumerable.Range(0, 60).Select(i => $"{{\"op\":\"copy\",\"from\":\"/data\",\"path\":\"/data/c{i}\"}}")) + "]" },
        { "application/json-patch+json", "[" + string.Join(',', Enumerable.Repeat("{\"op\":\"test\",\"path\":\"/kind\",\"value\":\"ConfigMap\"}", 20_000)) + "]" },
        { "application/json-patch+json", "[{\"op\":\"remove\",\"path\":\"\"}]" },
        { "application/json-patch+json", "[{\"op\":\"move\",\"from\":\"/metadata\",\"path\":\"/metadata/a\"}]" },
        { "application/json-patch+json", "[{\"op\":\"add\",\"path\":\"/metadata/finalizers/99999999999999999999\",\"value\":1}]" },
        { "application/json-patch+json", "{}" },
        { "application/json-patch+json", "[1]" },
        { "application/merge-patch+json", "[]" },
        { "application/merge-patch+json", "{\"kind\":\"Secret\"}" },
        { "application/merge-patch+json", Deep("{\"a\":", "1", "}", 10_000) },
        { "application/strategic-merge-patch+json", "{\"metadata\":{\"$patch\":\"explode\"}}" },
        { "application/strategic-merge-patch+json", "{\"metadata\":{\"finalizers\":{\"$patch\":\"replace\"}}}" },
        { "application/strategic-merge-patch+json", "{\"$patch\":1}" },
        { "application/strategic-merge-patch+json", Deep("{\"a\":", "1", "}", 10_000) },
        { "text/plain", "x" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_hostile_body_is_refused(string type, string body)
    {
        await using var api = await TestApi.StartAsync();
        var response = await api.SendAsync("POST", ConfigMaps, body, type);

        Assert.InRange(response.StatusCode, 400, 499);
        Assert.Contains("\"message\":\"", response.BodyText, StringComparison.Ordinal);
        Assert.Equal(200, (await api.SendAsync("GET", ConfigMaps)).StatusCode);
    }

    [Theory]
    [MemberData(nameof(Patches))]
    public async Task A_hostile_patch_is_refused_and_changes_nothing(string type, string patch)
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        var before = (await api.SendAsync("GET", ConfigMaps + "/a")).BodyText;

        var response = await api.SendAsync("PATCH", ConfigMaps + "/a", patch, type);

        Assert.InRange(response.StatusCode, 400, 499);
        Assert.Equal(before, (await api.SendAsync("GET", ConfigMaps + "/a")).BodyText);
    }

    [Theory]
    [InlineData("GET", "/api/v1/namespaces/../secrets")]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps/..%2f..")]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps/a/b/c/d/e")]
    [InlineData("GET", "/apis/\0/v1/x")]
    [InlineData("POST", "/api/v1/namespaces//configmaps")]
    [InlineData("PUT", "/api/v1/namespaces/default/configmaps")]
    [InlineData("BREW", "/api/v1/namespaces/default/configmaps")]
    [InlineData("GET", "/api/v1/configmaps?limit=-1")]
    [InlineData("GET", "/api/v1/configmaps?limit=99999999999999999999")]
    [InlineData("GET", "/api/v1/configmaps?resourceVersion=-5")]
    [InlineData("GET", "/api/v1/configmaps?labelSelector=a%20in%20(((")]
    [InlineData("GET", "/api/v1/configmaps?fieldSelector=%3D%3D%3D")]
    [InlineData("GET", "/api/v1/configmaps?continue=%00")]
    [InlineData("DELETE", "/api/v1/namespaces/default/configmaps/a?gracePeriodSeconds=x")]
    public async Task A_strange_path_or_parameter_is_refused(string method, string target)
    {
        await using var api = await TestApi.StartAsync();

        var response = await api.SendAsync(method, target, method == "POST" ? """{"metadata":{"name":"a"}}""" : "");

        Assert.InRange(response.StatusCode, 400, 499);
    }

    [Fact]
    public async Task Random_bytes_of_any_type_never_break_the_server()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        var types = new[]
        {
            "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/json-patch+json", "application/merge-patch+json",
            "application/strategic-merge-patch+json", "application/apply-patch+yaml",
        };
        var starts = new[] { "", "k8s\0\n\u0013\n\u0002v1\u0012\tConfigMap\u0012", "{\"metadata\":", "metadata: ", "[{\"op\":" };
        var input = Gen.Select(Gen.Int[0, types.Length - 1], Gen.Int[0, starts.Length - 1], Gen.OneOf(Gen.Byte.Array[0, 200], Gen.String[Gen.Char["{}[]\":,a1-&*!|> \n$"], 0, 200].Select(Encoding.UTF8.GetBytes)));
        input.Sample(
            drawn =>
            {
                var (type, start, rest) = drawn;
                var text = starts[start] + Encoding.Latin1.GetString(rest);
                foreach (var method in new[] { "POST", "PATCH", "PUT" })
                {
                    var path = method == "POST" ? ConfigMaps : ConfigMaps + "/a";
                    var response = api.SendAsync(method, path + (method == "PATCH" ? "?fieldManager=x" : ""), text, types[type]).AsTask().GetAwaiter().GetResult();
                    Assert.True(response.StatusCode is >= 200 and < 500, $"{method} {types[type]} {text}: {response.StatusCode} {response.BodyText}");
                }
            },
            iter: 3000,
            threads: 1);
    }

    private static string Deep(string open, string middle, string close, int times) =>
        new StringBuilder().Insert(0, open, times).Append(middle).Insert(open.Length * times + middle.Length, close, times).ToString();

    // Each level holds the one before nine times.
    private static string Bomb(int levels)
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i <= levels; i++)
        {
            text.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n");
        }
        return text.ToString();
    }
}
