using k8s.Models;

namespace Petrel.Workloads.Tests;

public sealed class RequiredNodeAffinityTests
{
    private static readonly Dictionary<string, string> Labels = new()
    {
        ["zone"] = "z1",
        ["cores"] = "8",
        ["text"] = "many",
    };

    [Theory]
    [InlineData("zone", "In", "z1,z2", true)]
    [InlineData("zone", "In", "z2", false)]
    [InlineData("absent", "In", "z1", false)]
    [InlineData("zone", "NotIn", "z1", false)]
    [InlineData("zone", "NotIn", "z2", true)]
    [InlineData("absent", "NotIn", "z1", true)]
    [InlineData("zone", "Exists", "", true)]
    [InlineData("absent", "Exists", "", false)]
    [InlineData("zone", "DoesNotExist", "", false)]
    [InlineData("absent", "DoesNotExist", "", true)]
    [InlineData("cores", "Gt", "7", true)]
    [InlineData("cores", "Gt", "8", false)]
    [InlineData("cores", "Lt", "9", true)]
    [InlineData("cores", "Lt", "8", false)]
    [InlineData("cores", "Gt", "many", false)]
    [InlineData("text", "Gt", "1", false)]
    [InlineData("absent", "Lt", "1", false)]
    [InlineData("cores", "Gt", "1,2", false)]
    [InlineData("cores", "Lt", "", false)]
    [InlineData("zone", "in", "z1", false)]
    [InlineData("zone", "", "z1", false)]
    public void A_term_matches_labels(string key, string op, string values, bool matches) =>
        Assert.Equal(matches, new NodeSelectorTerm(Term((key, op, Split(values)))).Matches("n1", Labels));

    [Theory]
    [InlineData("metadata.name", "In", "n1,n2", true)]
    [InlineData("metadata.name", "In", "n2", false)]
    [InlineData("metadata.name", "NotIn", "n1", false)]
    [InlineData("metadata.name", "NotIn", "n2", true)]
    [InlineData("metadata.uid", "In", "n1", false)]
    [InlineData("metadata.uid", "NotIn", "n2", false)]
    public void A_term_matches_the_name_as_a_field(string key, string op, string values, bool matches) =>
        Assert.Equal(matches, new NodeSelectorTerm(Fields((key, op, Split(values)))).Matches("n1", Labels));

    [Fact]
    public void All_requirements_of_a_term_must_hold_and_a_term_without_any_matches_nothing()
    {
        Assert.True(new NodeSelectorTerm(Term(("zone", "Exists", []), ("cores", "In", ["8"]))).Matches("n1", Labels));
        Assert.False(new NodeSelectorTerm(Term(("zone", "Exists", []), ("cores", "In", ["9"]))).Matches("n1", Labels));
        var both = Term(("zone", "Exists", []));
        both.MatchFields = Fields(("metadata.name", "In", ["n1"])).MatchFields;
        Assert.True(new NodeSelectorTerm(both).Matches("n1", Labels));
        Assert.False(new NodeSelectorTerm(both).Matches("n2", Labels));
        Assert.False(new NodeSelectorTerm(new()).Matches("n1", Labels));
        Assert.False(new NodeSelectorTerm(new() { MatchExpressions = [], MatchFields = [] }).Matches("n1", Labels));
    }

    [Fact]
    public void Any_term_of_the_affinity_is_enough_beside_the_node_selector()
    {
        var affinity = Affinity([Term(("zone", "In", ["z9"])), Term(("cores", "Gt", ["4"]))], ("text", "many"));
        Assert.True(affinity.Matches(Node("n1", Labels)));
        Assert.False(Affinity([Term(("zone", "In", ["z9"]))], ("text", "many")).Matches(Node("n1", Labels)));
        Assert.False(Affinity([Term(("cores", "Gt", ["4"]))], ("text", "few")).Matches(Node("n1", Labels)));
        Assert.False(Affinity([Term(("cores", "Gt", ["4"]))], ("absent", "many")).Matches(Node("n1", Labels)));
    }

    [Fact]
    public void Without_requirements_every_node_matches_and_without_terms_none()
    {
        var none = new RequiredNodeAffinity(new V1PodSpec());
        Assert.True(none.IsAny);
        Assert.True(none.Matches(Node("n1", null)));
        Assert.False(Affinity([]).IsAny);
        Assert.False(Affinity([]).Matches(Node("n1", Labels)));
        Assert.False(Affinity([new()]).Matches(Node("n1", Labels)));
        Assert.False(new RequiredNodeAffinity(new V1NodeSelector()).Matches(Node("n1", Labels)));
    }

    [Fact]
    public void The_only_possible_nodes_are_known_when_every_term_names_them()
    {
        var (n1, n2) = (Fields(("metadata.name", "In", ["n1"])), Fields(("metadata.name", "In", ["n2", "n3"])));
        Assert.Equal(["n1", "n2", "n3"], Affinity([n1, n2]).NodeNames!.Order());
        Assert.Null(Affinity([n1, Term(("zone", "Exists", []))]).NodeNames);
        Assert.Null(Affinity([Fields(("metadata.name", "NotIn", ["n1"]))]).NodeNames);
        Assert.Empty(Affinity([Fields(("metadata.name", "In", ["n1"]), ("metadata.name", "In", ["n2"]))]).NodeNames!);
        Assert.Null(new RequiredNodeAffinity(new V1PodSpec()).NodeNames);
    }

    private static string[] Split(string values) => values.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static V1NodeSelectorTerm Term(params (string Key, string Operator, string[] Values)[] requirements) =>
        new() { MatchExpressions = Requirements(requirements) };

    private static V1NodeSelectorTerm Fields(params (string Key, string Operator, string[] Values)[] requirements) =>
        new() { MatchFields = Requirements(requirements) };

    private static List<V1NodeSelectorRequirement> Requirements((string Key, string Operator, string[] Values)[] requirements) =>
        [
            .. requirements.Select(r => new V1NodeSelectorRequirement
            {
                Key = r.Key,
                OperatorProperty = r.Operator,
                Values = r.Values,
            }),
        ];

    private static RequiredNodeAffinity Affinity(V1NodeSelectorTerm[] terms, params (string Key, string Value)[] selector) =>
        new(
            new V1PodSpec
            {
                NodeSelector = selector.ToDictionary(s => s.Key, s => s.Value),
                Affinity = new()
                {
                    NodeAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = terms } },
                },
            }
        );

    private static V1Node Node(string name, IDictionary<string, string>? labels) =>
        new()
        {
            Metadata = new() { Name = name, Labels = labels },
        };
}
