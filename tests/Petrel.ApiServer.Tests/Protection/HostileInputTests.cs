using System.Text;
using CsCheck;
using Petrel.ApiServer.Composition;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Protection;

/// <summary>Whatever is sent, the answer is a clear 4xx, soon, and the server goes on.</summary>
public sealed class HostileInputTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    public static TheoryData<string, string> Bodies =>
        new()
        {
            { "application/json", Deep("{\"a\":", "1", "}", 100_000) },
            { "application/json", Deep("[", "", "]", 100_000) },
            { "application/json", "{\"metadata\":{\"name\":\"" + new string('x', 2_000_000) + "\"}}" },
            {
                "application/json",
                "{\"metadata\":{\"name\":\"a\",\"labels\":{"
                    + string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"{i}\":\"\""))
                    + "}"
            },
            { "application/json", "{\"data\":{\"a\":1e999999999}}" },
            { "application/json", Deep("{\"a\":", "1", "}", 10_000) },
            { "application/json", "{\"data\":[" + string.Join(',', Enumerable.Repeat("0", 300_000)) + "]}" },
            {
                "application/json",
                "{\"metadata\":{\"name\":\"a\",\"finalizers\":[" + string.Join(',', Enumerable.Repeat("\"\"", 100_000)) + "]}}"
            },
            {
                "application/json",
                "{\"metadata\":{\"name\":\"a\"},\"data\":{"
                    + string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"!{i}\":\"\""))
                    + "}}"
            },
            { "application/json", "{\"metadata\":{\"name\":\"a\",\"generation\":" + new string('9', 1_000_000) + "}}" },
            { "application/json", "{\"metadata\":{\"name\":\"a\",\"generation\":1e-999999999}}" },
            { "application/json", "{\"metadata\":{\"name\":\"a\\u0000b\"}}" },
            { "application/json", "{\"metadata\":{\"name\":\"\\ud800\"}}" },
            { "application/json", "{\"metadata\":{\"name\":\"a\"},\"data\":{\"\\udc00\":\"x\"}}" },
            { "application/json", "{\"metadata\":{\"name\":\"../../secrets/x\"}}" },
            { "application/json", "{\"metadata\":{\"name\":\"a%2fb\"}}" },
            { "application/json", "{\"metadata\":{\"name\":\"a\",\"namespace\":\"../kube-system\"}}" },
            { "application/json", "{\"metadata\":{\"name\":\"a\"}}\0" },
            { "application/json", "{\"metadata\":{\"name\":\"a\"}}{}" },
            { "application/json", "\ufeff" },
            { "application/json", "" },
            { "application/json", "null" },
            { "application/json", "{" },
            { "application/yaml", Deep("[", "", "]", 100_000) },
            { "application/yaml", Deep("{a: ", "1", "}", 100_000) },
            { "application/yaml", Deep("- ", "1", "", 100_000) },
            { "application/yaml", Bomb(9) },
            { "application/yaml", "a: &a [*a]" },
            { "application/yaml", "metadata: {name: a}\ndata: {a: \"\\ud800\"}" },
            { "application/yaml", "metadata: {name: a}\ndata: {a: \"\0\"}" },
            { "application/yaml", "? " + Deep("? ", "a", "", 50_000) },
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

    public static TheoryData<string, string> Patches =>
        new()
        {
            // Each copy doubles what is there.
            {
                "application/json-patch+json",
                "[{\"op\":\"add\",\"path\":\"/data\",\"value\":{\"a\":\""
                    + new string('x', 1000)
                    + "\"}},"
                    + string.Join(
                        ',',
                        Enumerable.Range(0, 60).Select(i => $"{{\"op\":\"copy\",\"from\":\"/data\",\"path\":\"/data/c{i}\"}}")
                    )
                    + "]"
            },
            {
                "application/json-patch+json",
                "[" + string.Join(',', Enumerable.Repeat("{\"op\":\"test\",\"path\":\"/kind\",\"value\":\"ConfigMap\"}", 20_000)) + "]"
            },
            // Each copy doubles how deep it is.
            {
                "application/json-patch+json",
                "[{\"op\":\"add\",\"path\":\"/x\",\"value\":{}},"
                    + string.Join(
                        ',',
                        Enumerable
                            .Range(0, 12)
                            .Select(i => $"{{\"op\":\"copy\",\"from\":\"/x\",\"path\":\"/x{Deep("/a", "", "", 1 << i)}\"}}")
                    )
                    + "]"
            },
            {
                "application/json-patch+json",
                "[{\"op\":\"add\",\"path\":\"/x\",\"value\":{}},"
                    + string.Join(
                        ',',
                        Enumerable.Range(1, 1000).Select(i => $"{{\"op\":\"add\",\"path\":\"/x{Deep("/a", "", "", i)}\",\"value\":{{}}}}")
                    )
                    + "]"
            },
            // What is large goes down and up again.
            {
                "application/json-patch+json",
                "[{\"op\":\"add\",\"path\":\"/x\",\"value\":["
                    + string.Join(',', Enumerable.Repeat("0", 500_000))
                    + "]},{\"op\":\"add\",\"path\":\"/y\",\"value\":{}},"
                    + string.Join(
                        ',',
                        Enumerable.Repeat(
                            "{\"op\":\"move\",\"from\":\"/x\",\"path\":\"/y/x\"},{\"op\":\"move\",\"from\":\"/y/x\",\"path\":\"/x\"}",
                            4000
                        )
                    )
                    + "]"
            },
            { "application/json-patch+json", "[{\"op\":\"\\ud800\",\"path\":\"\"}]" },
            { "application/json-patch+json", Deep("[", "", "]", 100_000) },
            { "application/json-patch+json", "[{\"op\":\"add\",\"path\":\"/metadata/generation\",\"value\":1e999999999}]" },
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
    [InlineData("GET", "/api/v1/namespaces/%2e%2e/secrets/x")]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps/a\0b")]
    [InlineData("GET", "/api/v1//namespaces//default//configmaps//a")]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps/..")]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps/\ud800")]
    [InlineData("GET", "/readyz/../api/v1/secrets")]
    [InlineData("DELETE", "/api/v1/namespaces/default/pods/..%2f..%2fkube-system%2fpods%2fx")]
    public async Task A_strange_path_or_parameter_is_refused(string method, string target)
    {
        await using var api = await TestApi.StartAsync();

        var response = await api.SendAsync(method, target, method == "POST" ? """{"metadata":{"name":"a"}}""" : "");

        Assert.InRange(response.StatusCode, 400, 499);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_refused()
    {
        await using var api = await TestApi.StartAsync();
        foreach (var type in (string[])["application/json", "application/yaml"])
        {
            foreach (
                var bytes in (byte[][])
                    [
                        [0xff, 0xfe, 0x7b, 0x00],
                        [0xc0, 0xaf],
                        [0xed, 0xa0, 0x80],
                        [0xf8, 0x88, 0x80, 0x80, 0x80],
                    ]
            )
            {
                byte[] body = [.. "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\""u8, .. bytes, .. "\"}}"u8];
                var response = await api.Server.HandleAsync(
                    new ApiRequest
                    {
                        Method = "POST",
                        Path = ConfigMaps,
                        Body = body,
                        ContentType = type,
                        User = UserInfo.ControlPlane("test"),
                    },
                    default
                );
                Assert.Equal(400, response.StatusCode);
            }
        }
    }

    [Theory]
    [InlineData(20_000, "x{0}=y")]
    [InlineData(10_000, "x{0} in (a,b,c)")]
    [InlineData(1, "x in (LIST)")]
    public async Task Selectors_as_long_as_a_request_may_be_are_answered_soon(int times, string requirement)
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        var selector = string.Join(
                ',',
                Enumerable.Range(0, times).Select(i => requirement.Replace("{0}", $"{i}", StringComparison.Ordinal))
            )
            .Replace("LIST", string.Join(',', Enumerable.Range(0, 40_000)), StringComparison.Ordinal);
        var before = GC.GetTotalAllocatedBytes();

        foreach (var verb in (string[])["?labelSelector=", "?watch=true&labelSelector="])
        {
            var response = await api.SendAsync("GET", ConfigMaps + verb + selector.Replace("=", "%3D", StringComparison.Ordinal));
            Assert.InRange(response.StatusCode, 200, 499);
        }

        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 512 << 20);
    }

    [Theory]
    [InlineData("1e1000000000")]
    [InlineData("1e-1000000000")]
    [InlineData("-99999999999999999999999999999999999999Ei")]
    [InlineData("DIGITS")]
    [InlineData("0.DIGITS")]
    [InlineData("1eDIGITS")]
    [InlineData("1Zi")]
    [InlineData("\u0661")]
    [InlineData("")]
    public async Task Quantities_without_measure_are_refused_or_capped(string quantity)
    {
        await using var api = await TestApi.StartAsync();
        var text = quantity.Replace("DIGITS", new string('9', 1_000_000), StringComparison.Ordinal);
        var before = GC.GetTotalAllocatedBytes();

        var response = await api.SendAsync(
            "POST",
            "/api/v1/namespaces/default/pods",
            $$$"""{"metadata":{"name":"p"},"spec":{"containers":"""
                + $$$"""[{"name":"c","image":"i","resources":{"limits":{"memory":"{{{text}}}"} } }]}}"""
        );

        Assert.InRange(response.StatusCode, 201, 499);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 256 << 20);
        Assert.Equal(200, (await api.SendAsync("GET", ConfigMaps)).StatusCode);
    }

    [Fact]
    public async Task A_field_that_is_there_twice_is_told_of_or_refused()
    {
        const string Twice = """{"metadata":{"name":"a","name":"b"}}""";
        await using var api = await TestApi.StartAsync();

        var strict = await api.JsonAsync(400, "POST", ConfigMaps + "?fieldValidation=Strict", Twice);
        var lenient = await api.SendAsync("POST", ConfigMaps, Twice);

        Assert.Contains("duplicate field \"metadata.name\"", (string?)strict["message"], StringComparison.Ordinal);
        Assert.Equal(201, lenient.StatusCode);
        Assert.Contains(lenient.Headers, h => h.Key == "Warning" && h.Value.Contains("duplicate field", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_nested_as_deeply_as_may_be_can_be_read_and_changed_ever_after()
    {
        const string Things = "/apis/example.com/v1/namespaces/default/things";
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Definition());
        await Eventually(async () => (await api.SendAsync("GET", Things)).StatusCode == 200);
        await using var watch = await api.WatchAsync(Things + "?watch=true");

        await api.CreateAsync(
            Things,
            $$$"""{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"deep"},"free":{{{Deep("{\"a\":", "1", "}", 250)}}} }"""
        );
        var tooDeep = await api.SendAsync(
            "POST",
            Things,
            $$$"""{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"deeper"}"""
                + $$$""","free":{{{Deep("{\"a\":", "1", "}", 256)}}} }"""
        );

        Assert.Equal(400, tooDeep.StatusCode);
        foreach (
            var accept in (string[])
                [
                    "application/json",
                    "application/json;as=Table;v=v1;g=meta.k8s.io",
                    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
                ]
        )
        {
            Assert.Equal(200, (await api.SendAsync("GET", Things, accept: accept)).StatusCode);
        }
        Assert.Equal(200, (await api.SendAsync("GET", Things + "/deep")).StatusCode);
        Assert.Equal(
            200,
            (
                await api.SendAsync("PATCH", Things + "/deep", """{"metadata":{"labels":{"a":"b"}}}""", "application/merge-patch+json")
            ).StatusCode
        );
        Assert.Equal(
            200,
            (
                await api.SendAsync(
                    "PATCH",
                    Things + "/deep",
                    """[{"op":"add","path":"/metadata/labels/c","value":"d"}]""",
                    "application/json-patch+json"
                )
            ).StatusCode
        );
        Assert.Equal(
            200,
            (
                await api.SendAsync(
                    "PATCH",
                    Things + "/deep?fieldManager=m&force=true",
                    $$$"""{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"deep"}"""
                        + $$$""","free":{{{Deep("{\"b\":", "1", "}", 250)}}} }""",
                    "application/apply-patch+yaml"
                )
            ).StatusCode
        );
        Assert.Equal(200, (await api.SendAsync("DELETE", Things + "/deep")).StatusCode);
        Assert.Equal("ADDED", (await watch.NextTextAsync()).Split(' ')[0]);
    }

    [Fact]
    public async Task A_schema_that_is_nested_deeply_stands_and_is_published()
    {
        const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        await using var api = await TestApi.StartAsync();

        await api.CreateAsync(
            Definitions,
            Definition(Deep("{\"type\":\"object\",\"properties\":{\"a\":", "{\"type\":\"string\"}", "}}", 100))
        );
        await Eventually(async () => (await api.SendAsync("GET", "/apis/example.com/v1/things")).StatusCode == 200);

        foreach (var path in (string[])[Definitions, "/openapi/v2", "/openapi/v3/apis/example.com/v1", "/apis/example.com/v1/things"])
        {
            Assert.Equal(200, (await api.SendAsync("GET", path)).StatusCode);
        }
    }

    [Fact]
    public async Task Random_bytes_of_any_type_never_break_the_server()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        var types = new[]
        {
            "application/json",
            "application/yaml",
            "application/vnd.kubernetes.protobuf",
            "application/json-patch+json",
            "application/merge-patch+json",
            "application/strategic-merge-patch+json",
            "application/apply-patch+yaml",
        };
        var starts = new[] { "", "k8s\0\n\u0013\n\u0002v1\u0012\tConfigMap\u0012", "{\"metadata\":", "metadata: ", "[{\"op\":" };
        var input = Gen.Select(
            Gen.Int[0, types.Length - 1],
            Gen.Int[0, starts.Length - 1],
            Gen.OneOf(Gen.Byte.Array[0, 200], Gen.String[Gen.Char["{}[]\":,a1-&*!|> \n$"], 0, 200].Select(Encoding.UTF8.GetBytes))
        );
        input.Sample(
            drawn =>
            {
                var (type, start, rest) = drawn;
                var text = starts[start] + Encoding.Latin1.GetString(rest);
                foreach (var method in new[] { "POST", "PATCH", "PUT" })
                {
                    var path = method == "POST" ? ConfigMaps : ConfigMaps + "/a";
                    var response = api.SendAsync(method, path + (method == "PATCH" ? "?fieldManager=x" : ""), text, types[type])
                        .AsTask()
                        .GetAwaiter()
                        .GetResult();
                    Assert.True(
                        response.StatusCode is >= 200 and < 500,
                        $"{method} {types[type]} {text}: {response.StatusCode} {response.BodyText}"
                    );
                }
            },
            iter: 3000,
            threads: 1
        );
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

    private static string Definition(string spec = "{\"type\":\"object\"}") =>
        """
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"things.example.com"},
             "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"things","singular":"thing","kind":"Thing"},
             "versions":[{"name":"v1","served":true,"storage":true,
               "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":SPEC,"free":{"type":"object",
               "x-kubernetes-preserve-unknown-fields":true}}}}}]}}
            """.Replace("SPEC", spec, StringComparison.Ordinal);

    private static async Task Eventually(Func<Task<bool>> holds)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < TestApi.Patience);
            await Task.Yield();
        }
    }
}
