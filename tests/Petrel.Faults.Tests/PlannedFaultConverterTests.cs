using System.Text.Json;
using System.Text.Json.Serialization;
using Petrel.Faults.Definitions;
using Petrel.Faults.Links;

namespace Petrel.Faults.Tests;

public sealed class PlannedFaultConverterTests
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower), new PlannedFaultConverter(BuiltInFaults.Registry) },
    };

    [Fact]
    public void Every_drawn_fault_is_read_as_it_was_written()
    {
        var faults = Enumerable.Range(1, 100).SelectMany(seed => FaultDrawing.Draw(new(), BuiltInFaults.Registry, 5, (ulong)seed)).ToList();

        Assert.Equal(faults, JsonSerializer.Deserialize<List<PlannedFault>>(JsonSerializer.Serialize(faults, Json), Json));
    }

    [Fact]
    public void Parameters_are_fields_beside_the_common_ones()
    {
        var fault = new PlannedFault
        {
            At = TimeSpan.FromSeconds(1),
            Kind = "partition",
            Target = "node2",
            Duration = TimeSpan.FromSeconds(3),
            Parameters = new Partition(LinkDirection.ToServer),
        };

        Assert.Equal(
            """{"at":"00:00:01","kind":"partition","target":"node2","duration":"00:00:03","direction":"to-server"}""",
            JsonSerializer.Serialize(fault, Json)
        );
    }

    [Fact]
    public void What_is_left_out_has_its_default()
    {
        var fault = JsonSerializer.Deserialize<PlannedFault>("""{"at":"00:00:01","kind":"failing-disk"}""", Json)!;

        Assert.Equal(("", TimeSpan.Zero, new FailingDisk(1)), (fault.Target, fault.Duration, fault.Parameters));
    }

    [Fact]
    public void A_former_name_is_read_as_the_name_of_today()
    {
        var fault = JsonSerializer.Deserialize<PlannedFault>("""{"at":"00:00:01","kind":"weather","link":{"answerLoss":0.5}}""", Json)!;

        Assert.Equal(("network-degradation", new LinkImpairment { Link = new() { AnswerLoss = 0.5 } }), (fault.Kind, fault.Parameters));
    }

    [Theory]
    [InlineData("""{"at":"00:00:01","kind":"flood"}""", "flood")]
    [InlineData("""{"at":"00:00:01"}""", "kind")]
    [InlineData("""{"kind":"node-crash"}""", "at")]
    [InlineData("""{"at":"00:00:01","kind":"node-crash","steps":3}""", "steps")]
    [InlineData("""{"at":"00:00:01","kind":"partition","directoin":"both"}""", "directoin")]
    [InlineData("""{"at":"00:00:01","at":"00:00:02","kind":"node-crash"}""", "at")]
    public void What_is_no_fault_is_refused_with_the_reason(string text, string reason)
    {
        var refused = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<PlannedFault>(text, Json));

        Assert.Contains($"{reason}", refused.Message, StringComparison.Ordinal);
    }
}
