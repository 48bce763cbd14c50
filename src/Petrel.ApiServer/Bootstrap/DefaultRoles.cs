using System.Reflection;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Rbac;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Verbs;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Bootstrap;

/// <summary>
/// Reconciles the default roles and bindings at the start of a server (upstream: the post-start hook rbac/bootstrap-roles). Missing
/// objects, rules and subjects are added; additional ones stay. Objects with the annotation
/// <c>rbac.authorization.kubernetes.io/autoupdate: "false"</c> are skipped.
/// </summary>
internal sealed class DefaultRoles(CacheHub caches, CreateVerb create, UpdateEngine updates)
{
    private const string AutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";
    private const string ControllerPrefix = "system:controller:";
    private const string AggregationPrefix = "rbac.authorization.k8s.io/aggregate-to-";

    /// <summary>Creates and updates them, all at once, so that the writes share commits.</summary>
    public Task EnsureAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Read().Select(o => EnsureAsync(o.Kind, o.Document, cancellationToken)));

    private async Task EnsureAsync(KindDefinition kind, JsonObject wanted, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(wanted.Metadata().Text("namespace"), wanted.Metadata().Text("name"));
        var path = key.Namespace.Length > 0 ? $"{key.Namespace}/{key.Name}" : key.Name;
        if (caches.Of(kind).Current.Find(path) is not { } found)
        {
            try
            {
                await create.CreateAsync(kind, key.Namespace, wanted, WriteCall.OfServer("bootstrap"), cancellationToken);
            }
            catch (StatusException e) when (e.Reason == "AlreadyExists")
            {
                // Another server created it.
            }
            return;
        }
        var current = JsonNode.Parse(found.ToArray())!.AsObject();
        if (
            current.Metadata().Child("annotations").Text(AutoUpdate) != "false"
            && Mend(current.DeepClone().AsObject(), wanted) is { } mended
            && !JsonNode.DeepEquals(mended, current)
        )
        {
            await updates.RunAsync(
                kind,
                key,
                UpdateScope.Server,
                WriteCall.OfServer("bootstrap"),
                document => Mend(document, wanted),
                cancellationToken
            );
        }
    }

    /// <summary>The default objects, cluster roles before the bindings that name them.</summary>
    public static IEnumerable<(KindDefinition Kind, JsonObject Document)> Read()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("default-roles.txt")
            ?? throw new InvalidOperationException("the assembly lacks its resource default-roles.txt");
        using var reader = new StreamReader(stream);
        var objects = new List<(KindDefinition, JsonObject)>();
        JsonArray rules = [];
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }
            if (line[0] == ' ')
            {
                rules.Add((JsonNode)Rule(line.Trim()).ToDocument());
                continue;
            }
            rules = [];
            objects.AddRange(Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), rules));
        }
        return objects;
    }

    // The objects of a line; the one that has rules gets those of the lines that follow.
    private static IEnumerable<(KindDefinition Kind, JsonObject Document)> Parse(string[] words, JsonArray rules)
    {
        switch (words[0])
        {
            case "role":
                yield return (RbacKinds.ClusterRole, WithRules(Role(words), rules));
                break;
            case "aggregate":
                yield return (RbacKinds.ClusterRole, Role(words));
                break;
            case "binding":
                yield return (
                    RbacKinds.ClusterRoleBinding,
                    Binding(Head("ClusterRoleBinding", words[1]), "ClusterRole", words[1], words[3..])
                );
                break;
            case "controller":
                var name = ControllerPrefix + words[1];
                yield return (RbacKinds.ClusterRole, WithRules(Head("ClusterRole", name), rules));
                yield return (
                    RbacKinds.ClusterRoleBinding,
                    Binding(Head("ClusterRoleBinding", name), "ClusterRole", name, [$"account:kube-system:{words[1]}"])
                );
                break;
            default:
                var arrow = Array.IndexOf(words, "->");
                var other = words.Length > 4 && words[3] == "=" ? words[4] : "";
                if (other.Length == 0)
                {
                    yield return (RbacKinds.Role, WithRules(Head("Role", words[2], words[1]), rules));
                }
                if (arrow > 0)
                {
                    yield return (
                        RbacKinds.RoleBinding,
                        Binding(Head("RoleBinding", words[2], words[1]), "Role", other.Length > 0 ? other : words[2], words[(arrow + 1)..])
                    );
                }
                break;
        }
    }

    private static JsonObject WithRules(JsonObject role, JsonArray rules)
    {
        role["rules"] = rules;
        return role;
    }

    private static JsonObject Head(string kind, string name, string namespaceName = "")
    {
        var head = new JsonObject
        {
            ["apiVersion"] = RbacKinds.Group + "/v1",
            ["kind"] = kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
                ["annotations"] = new JsonObject { [AutoUpdate] = "true" },
            },
        };
        if (namespaceName.Length > 0)
        {
            head["metadata"]!["namespace"] = namespaceName;
        }
        return head;
    }

    // role NAME [+LABEL], or aggregate NAME < LABEL [+LABEL]
    private static JsonObject Role(string[] words)
    {
        var role = Head("ClusterRole", words[1]);
        foreach (var label in words.Where(w => w[0] == '+'))
        {
            role["metadata"]!["labels"]![AggregationPrefix + label[1..]] = "true";
        }
        if (words[0] == "aggregate")
        {
            role["aggregationRule"] = new JsonObject
            {
                ["clusterRoleSelectors"] = new JsonArray(
                    new JsonObject { ["matchLabels"] = new JsonObject { [AggregationPrefix + words[3]] = "true" } }
                ),
            };
        }
        return role;
    }

    private static JsonObject Binding(JsonObject binding, string roleKind, string role, string[] to)
    {
        binding["roleRef"] = new JsonObject
        {
            ["apiGroup"] = RbacKinds.Group,
            ["kind"] = roleKind,
            ["name"] = role,
        };
        var subjects = new JsonArray();
        foreach (var subject in to)
        {
            var colon = subject.IndexOf(':', StringComparison.Ordinal);
            var (type, name) = (subject[..colon], subject[(colon + 1)..]);
            subjects.Add(
                (JsonNode)(
                    type == "account"
                        ? new JsonObject
                        {
                            ["kind"] = "ServiceAccount",
                            ["name"] = name[(name.IndexOf(':', StringComparison.Ordinal) + 1)..],
                            ["namespace"] = name[..name.IndexOf(':', StringComparison.Ordinal)],
                        }
                        : new JsonObject
                        {
                            ["apiGroup"] = RbacKinds.Group,
                            ["kind"] = type == "user" ? "User" : "Group",
                            ["name"] = name,
                        }
                )
            );
        }
        if (subjects.Count > 0)
        {
            binding["subjects"] = subjects;
        }
        return binding;
    }

    private static PolicyRule Rule(string line)
    {
        var parts = line.Split(" : ");
        string[] Words(int index) => parts.Length > index ? parts[index].Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];
        return line.StartsWith("url ", StringComparison.Ordinal)
            ? new PolicyRule([.. Words(0).Skip(1)], [], [], [], Words(1))
            : new PolicyRule(Words(0), [.. Words(1).Select(g => g == "core" ? "" : g)], Words(2), Words(3), []);
    }

    // Add what is missing; keep what is additional.
    private static JsonObject Mend(JsonObject current, JsonObject wanted)
    {
        foreach (var map in (ReadOnlySpan<string>)["labels", "annotations"])
        {
            foreach (var (name, value) in wanted.Metadata().Map(map))
            {
                var target = current.Metadata().Ensure(map);
                if (!target.Has(name))
                {
                    target[name] = value;
                }
            }
        }
        if (wanted.List("rules") is { } rules)
        {
            var owned = current.Objects("rules").Select(PolicyRule.FromDocument).ToList();
            foreach (var rule in rules.OfType<JsonObject>().Where(r => PolicyRule.Uncovered(owned, [PolicyRule.FromDocument(r)]).Count > 0))
            {
                if (current.List("rules") is not { } list)
                {
                    current["rules"] = list = [];
                }
                list.Add(rule.DeepClone());
            }
        }
        foreach (var subject in wanted.Objects("subjects"))
        {
            if (
                !current
                    .Objects("subjects")
                    .Any(s =>
                        s.Text("kind") == subject.Text("kind")
                        && s.Text("name") == subject.Text("name")
                        && s.Text("namespace") == subject.Text("namespace")
                    )
            )
            {
                if (current.List("subjects") is not { } list)
                {
                    current["subjects"] = list = [];
                }
                list.Add(subject.DeepClone());
            }
        }
        return current;
    }
}
