using System.Text;
using CsCheck;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Requests;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Fuzz;

/// <summary>What the query says: selectors, continue tokens and options; and quantities, which are little languages too.</summary>
public sealed class QueryFuzzTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    private static readonly string[] LabelSelectors =
    [
        "a=b",
        "a==b,c!=d",
        "a in (b,c),d notin (e)",
        "a,!b",
        "example.com/x in (y)",
        "a>1,b<2",
        " a = b , c in ( d , e ) ",
        "a=",
        "in=in,notin in (notin)",
    ];

    private static readonly string[] FieldSelectors =
    [
        "metadata.name=a",
        "metadata.namespace=default,status.phase!=Running",
        "spec.nodeName==n",
        "metadata.name=a\\,b\\=c\\\\",
        "spec.restartPolicy=Always,",
    ];

    private static readonly string[] Options =
    [
        "limit=1&continue=x",
        "resourceVersion=0&resourceVersionMatch=NotOlderThan",
        "resourceVersion=1&resourceVersionMatch=Exact&limit=2",
        "timeoutSeconds=1",
        "pretty=true&fieldManager=a",
        "dryRun=All&fieldValidation=Strict",
        "gracePeriodSeconds=0&propagationPolicy=Orphan",
        "watch=false&allowWatchBookmarks=true&sendInitialEvents=true",
        "includeObject=Metadata",
        "container=c&tailLines=1&sinceSeconds=2&limitBytes=3&sinceTime=2026-01-02T03:04:05Z",
        "force=true&fieldManager=b",
        "orphanDependents=true",
        "labelSelector=a&fieldSelector=metadata.name=b",
    ];

    private static readonly string[] Quantities =
    [
        "1",
        "100m",
        "1.5Gi",
        "12e6",
        "0.5",
        "-1",
        "1E",
        "3Ki",
        "1e-3",
        "999999999999Ti",
        "1n",
        "+5",
    ];

    [Fact]
    public void Label_selectors_are_answered() => Ask("labelSelector", LabelSelectors, 1200);

    [Fact]
    public void Field_selectors_are_answered() => Ask("fieldSelector", FieldSelectors, 800);

    [Fact]
    public void Continue_tokens_are_answered()
    {
        var tokens = new List<byte[]>();
        FuzzRun.Run(
            1000,
            async api =>
            {
                foreach (var name in (string[])["a", "b", "c"])
                {
                    await api.CreateAsync(FuzzRun.ConfigMaps, $$$"""{"metadata":{"name":"{{{name}}}"}}""");
                }
                var page = await api.GetAsync(FuzzRun.ConfigMaps + "?limit=1");
                tokens.Add(Encoding.ASCII.GetBytes((string)page["metadata"]!["continue"]!));
            },
            (run, random) =>
            {
                // The token as it is sent, or what it says: in Base64 either is hidden from the other's mistakes.
                var token = tokens[0];
                var sent =
                    Mutator.Next(random, 2) == 0
                        ? Mutator.Bytes(random, tokens)
                        : Encoding.ASCII.GetBytes(
                            System.Buffers.Text.Base64Url.EncodeToString(
                                Mutator.Bytes(random, [System.Buffers.Text.Base64Url.DecodeFromUtf8(token)])
                            )
                        );
                run.Send("GET", FuzzRun.ConfigMaps + "?limit=1&continue=" + Uri.EscapeDataString(Encoding.UTF8.GetString(sent)));
            }
        );
    }

    [Fact]
    public void Options_of_every_verb_are_answered() => FuzzRun.Run(1500, PrepareAsync, static (run, random) =>
        {
            var query = string.Join(
                '&',
                Mutator.Text(random, Options).Split('&').Select(p => string.Join('=', p.Split('=', 2).Select(Uri.EscapeDataString)))
            );
            if (query.Contains("watch", StringComparison.Ordinal) && RequestInfo.IsTrue(query))
            {
                query = query.Replace("watch", "wach", StringComparison.Ordinal);
            }
            run.Send("POST", Pods, Encoding.UTF8.GetBytes(Pod));
            var (method, path, body) = Mutator.Pick(
                random,
                new (string, string, string?)[]
                {
                    ("GET", Pods, null),
                    ("GET", Pods + "/p", null),
                    ("GET", Pods + "/p/log", null),
                    ("DELETE", FuzzRun.ConfigMaps, null),
                    ("DELETE", Pods + "/p", null),
                    ("POST", FuzzRun.ConfigMaps, """{"metadata":{"generateName":"x-"}}"""),
                    ("PATCH", Pods + "/p", """{"metadata":{"labels":{"a":"b"}}}"""),
                    ("PUT", Pods + "/p/status", """{"metadata":{"name":"p"}}"""),
                }
            );
            run.Send(
                method,
                $"{path}?{query}",
                body is null ? null : Encoding.UTF8.GetBytes(body),
                method == "PATCH" ? "application/merge-patch+json" : "application/json"
            );
        });

    [Fact]
    public void Delete_options_in_bodies_are_answered()
    {
        var samples = new[]
        {
            """{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":"""
                + """0,"propagationPolicy":"Foreground","preconditions":{"uid":"x","resourceVersion":"1"},"dryRun":["All"]}""",
            """{"apiVersion":"meta.k8s.io/v1","kind":"DeleteOptions","orphanDependents":false}""",
        };
        FuzzRun.Run(600, PrepareAsync, (run, random) =>
        {
            var sample = Mutator.Pick(random, samples);
            var body =
                Mutator.Next(random, 2) == 0
                    ? Mutator.Bytes(random, [Encoding.UTF8.GetBytes(sample)])
                    : Mutator.Utf8(Mutator.Document(random, System.Text.Json.Nodes.JsonNode.Parse(sample)!));
            run.Send("POST", Pods, Encoding.UTF8.GetBytes(Pod));
            run.Send("DELETE", Pods + "/p", body);
        });
    }

    [Fact]
    public void Quantities_are_answered() =>
        FuzzRun.Run(
            1500,
            static _ => Task.CompletedTask,
            static (run, random) =>
            {
                var quantity = System.Text.Json.JsonSerializer.Serialize(Mutator.Text(random, Quantities));
                var bare = Mutator.Next(random, 3) == 0 ? quantity.Trim('"') : quantity;
                var body =
                    $$$"""{"metadata":{"generateName":"q-"},"spec":{"containers":"""
                    + $$$"""[{"name":"c","image":"i","resources":{"limits":{"cpu":{{{bare}}},"memory":{{{quantity}}} } } }]}}""";
                run.Send("POST", Pods + "?dryRun=All", Encoding.UTF8.GetBytes(body));
            }
        );

    private static void Ask(string parameter, string[] samples, int inputs) =>
        FuzzRun.Run(inputs, PrepareAsync, (run, random) =>
            run.Send("GET", $"{Pods}?{parameter}={Uri.EscapeDataString(Mutator.Text(random, samples))}")
        );

    private const string Pod = """{"metadata":{"name":"p","labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""";

    private static Task PrepareAsync(TestApi api) => api.CreateAsync(Pods, Pod);
}
