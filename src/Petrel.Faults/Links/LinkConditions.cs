namespace Petrel.Faults.Links;

/// <summary>How well messages travel. Probabilities are in [0, 1].</summary>
public sealed record LinkConditions
{
    /// <summary>Bounds of the delay of each message in each direction.</summary>
    public TimeSpan MinDelay { get; init; } = TimeSpan.FromMilliseconds(1);

    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>A request never arrives.</summary>
    public double RequestLoss { get; init; }

    /// <summary>A request was executed and its answer never arrives: the caller can't know the outcome.</summary>
    public double AnswerLoss { get; init; }

    /// <summary>A stream is cut off before a chunk.</summary>
    public double StreamCut { get; init; }

    /// <summary>
    /// A request arrives, and later once more: the server executes it twice, and the caller gets the first answer or the second.
    /// </summary>
    public double Duplication { get; init; }

    /// <summary>A request is held up for as long as <see cref="HoldUp"/>: those that are sent after it overtake it.</summary>
    public double Reordering { get; init; }

    /// <summary>How long, at most, a request is held up, and how much later, at most, a duplicate arrives.</summary>
    public TimeSpan HoldUp { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a caller waits for an answer that does not come.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A healthy local network.</summary>
    public static LinkConditions Good { get; } = new();

    /// <summary>These conditions and others at once: delays are the longer ones, and each probability is that of either.</summary>
    public LinkConditions With(LinkConditions other) =>
        new()
        {
            MinDelay = Longer(MinDelay, other.MinDelay),
            MaxDelay = Longer(MaxDelay, other.MaxDelay),
            RequestLoss = Either(RequestLoss, other.RequestLoss),
            AnswerLoss = Either(AnswerLoss, other.AnswerLoss),
            StreamCut = Either(StreamCut, other.StreamCut),
            Duplication = Either(Duplication, other.Duplication),
            Reordering = Either(Reordering, other.Reordering),
            HoldUp = Longer(HoldUp, other.HoldUp),
            Timeout = Longer(Timeout, other.Timeout),
        };

    /// <inheritdoc/>
    public override string ToString()
    {
        List<string> parts = [$"delay {MinDelay.TotalMilliseconds:0}..{MaxDelay.TotalMilliseconds:0} ms"];
        Add(RequestLoss, "loses {0:P0} of requests");
        Add(AnswerLoss, "loses {0:P0} of answers");
        Add(StreamCut, "cuts {0:P0} of chunks");
        Add(Duplication, "doubles {0:P0} of requests");
        Add(Reordering, $"holds {{0:P0}} of requests up for up to {HoldUp.TotalMilliseconds:0} ms");
        return string.Join(", ", parts);

        void Add(double probability, string what)
        {
            if (probability > 0)
            {
                parts.Add(string.Format(System.Globalization.CultureInfo.InvariantCulture, what, probability));
            }
        }
    }

    private static TimeSpan Longer(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private static double Either(double left, double right) => 1 - ((1 - left) * (1 - right));
}
