#include "stet/data/csv.h"

#include <gmock/gmock.h>

#include <clocale>
#include <cmath>

#include "data/support.h"
#include "error_of.h"
#include "stet/tensor/error.h"

namespace stet::data {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

CsvTable table_of(const Scratch& scratch, std::string_view text, CsvOptions options = {}) {
  return read_csv(scratch.write("t.csv", text), options);
}

std::string refusal(const Scratch& scratch, std::string_view text) {
  return error_of<DataError>([&] { table_of(scratch, text); });
}

TEST(Csv, ReadsColumnsByName) {
  const Scratch scratch;
  const CsvTable t = table_of(scratch, "x,label,name\n1.5,3,a\n-2e-3,-4,b\n");
  EXPECT_EQ(t.rows(), 2);
  EXPECT_THAT(t.names(), ElementsAre("x", "label", "name"));
  EXPECT_EQ(t.column("x").to_vector<float>(), (std::vector<float>{1.5f, -2e-3f}));
  EXPECT_EQ(t.column("x", DType::float64).to_vector<double>(), (std::vector<double>{1.5, -2e-3}));
  EXPECT_EQ(t.column("label", DType::int64).to_vector<int64_t>(), (std::vector<int64_t>{3, -4}));
  const Tensor both = t.columns({"label", "x"});
  EXPECT_EQ(both.shape(), (Shape{2, 2}));
  EXPECT_EQ(both.to_vector<float>(), (std::vector<float>{3, 1.5f, -4, -2e-3f}));
  EXPECT_THAT(t.text("name"), ElementsAre("a", "b"));
}

TEST(Csv, RoundsEachNumberOnce) {
  const Scratch scratch;
  // Just above the midpoint of 1 and the next float32: by way of float64 it would round to even, to 1.
  const CsvTable t = table_of(scratch, "x\n1.00000005960464477539062500001\n+0.1\nnan\n-inf\n 7\t\n9007199254740993\n");
  const std::vector<float> x = t.column("x").to_vector<float>();
  EXPECT_EQ(x[0], std::nextafter(1.0f, 2.0f));
  EXPECT_EQ(x[1], 0.1f);
  EXPECT_TRUE(std::isnan(x[2]));
  EXPECT_EQ(x[3], -INFINITY);
  EXPECT_EQ(x[4], 7.0f);
  const CsvTable whole = table_of(scratch, "n\n9007199254740993\n");
  EXPECT_EQ(whole.column("n", DType::int64).item<int64_t>(), 9007199254740993)
      << "an int64 must not pass through a float";
}

TEST(Csv, WhatIsNearZeroRoundsToIt) {
  const Scratch scratch;
  const CsvTable t = table_of(scratch, "x\n1e-50\n-1e-400\n1e-45\n");
  EXPECT_EQ(t.column("x").to_vector<float>(), (std::vector<float>{0.0f, 0.0f, 1e-45f}));
  EXPECT_TRUE(std::signbit(t.column("x").to_vector<float>()[1]));
  EXPECT_EQ(t.column("x", DType::float64).to_vector<double>(), (std::vector<double>{1e-50, 0.0, 1e-45}));
}

TEST(Csv, MissingValuesAreNaNByOption) {
  const Scratch scratch;
  const CsvTable t = table_of(scratch, "a,b\n1,\n, NA \nNA,3\n", {.missing = {"", "NA"}});
  const std::vector<float> a = t.column("a").to_vector<float>();
  EXPECT_EQ(a[0], 1.0f);
  EXPECT_TRUE(std::isnan(a[1]) && std::isnan(a[2]));
  const std::vector<double> b = t.column("b", DType::float64).to_vector<double>();
  EXPECT_TRUE(std::isnan(b[0]) && std::isnan(b[1]));
  EXPECT_EQ(b[2], 3.0);
  EXPECT_THAT(error_of<DataError>([&] { t.column("a", DType::int64); }),
              EndsWith("t.csv:3: column 'a': '' is missing, and there is no NaN of int64"));
  EXPECT_THAT(t.text("b"), ElementsAre("", " NA ", "3"));
}

TEST(Csv, CommentLinesArePassedOverByOption) {
  const Scratch scratch;
  const CsvTable t = table_of(scratch, "# made by hand\na,b\r\n#1,2\r\n\n1,\"#2\"\n#\n3,#4\n# end", {.comment = '#'});
  EXPECT_THAT(t.names(), ElementsAre("a", "b"));
  EXPECT_EQ(t.column("a").to_vector<float>(), (std::vector<float>{1, 3}));
  EXPECT_THAT(t.text("b"), ElementsAre("#2", "#4"));
  EXPECT_THAT(error_of<DataError>([&] { table_of(scratch, "# x\na\n1\nz\n", {.comment = '#'}).column("a"); }),
              HasSubstr("t.csv:4: column 'a'"));
}

TEST(Csv, DoesNotListenToTheLocale) {
  const Scratch scratch;
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8"}) {
    if (std::setlocale(LC_ALL, name)) break;
  }
  EXPECT_EQ(table_of(scratch, "x\n1.5\n").column("x").item<float>(), 1.5f);
  std::setlocale(LC_ALL, before.c_str());
}

TEST(Csv, QuotesLineEndsAndOtherDelimiters) {
  const Scratch scratch;
  const CsvTable t = table_of(scratch, "\xef\xbb\xbf\"a\",\"b,c\"\r\n\"say \"\"hi\"\"\",\"two\nlines\"\r\n\r\n,last");
  EXPECT_THAT(t.names(), ElementsAre("a", "b,c"));
  EXPECT_THAT(t.text("a"), ElementsAre("say \"hi\"", ""));
  EXPECT_THAT(t.text("b,c"), ElementsAre("two\nlines", "last"));
  const CsvTable u = table_of(scratch, "1;2\n3;4\n", {.delimiter = ';', .header = false});
  EXPECT_THAT(u.names(), ElementsAre("0", "1"));
  EXPECT_EQ(u.column("1", DType::int32).to_vector<int32_t>(), (std::vector<int32_t>{2, 4}));
}

TEST(Csv, CategoriesArePositionsInByteOrder) {
  const Scratch scratch;
  const CsvTable t = table_of(scratch, "k\nsetosa\nAster\nsetosa\nrosa\n");
  EXPECT_EQ(t.categories("k").to_vector<int64_t>(), (std::vector<int64_t>{2, 0, 2, 1}));
  EXPECT_EQ(t.category_names("k"), (std::vector<std::string>{"Aster", "rosa", "setosa"}));
}

TEST(Csv, CategoriesMayBeThoseOfAnotherFile) {
  const Scratch scratch;
  const std::vector<std::string> names = table_of(scratch, "k\nsetosa\nAster\nrosa\n").category_names("k");
  EXPECT_EQ(table_of(scratch, "k\nsetosa\nrosa\n").categories("k", names).to_vector<int64_t>(),
            (std::vector<int64_t>{2, 1}));
  EXPECT_THAT(error_of<DataError>([&] { table_of(scratch, "k\nrosa\nviola\n").categories("k", names); }),
              EndsWith("t.csv:3: column 'k': 'viola' is none of its 3 categories"));
}

TEST(Csv, NamesFileLineAndColumn) {
  const Scratch scratch;
  const CsvTable t = table_of(scratch, "x,y\n1,2\n\"3\n\",z\n,1e400\n4,99999999999999999999\n");
  const auto wrong = [&](const char* name, DType dtype) { return error_of<DataError>([&] { t.column(name, dtype); }); };
  EXPECT_THAT(wrong("y", DType::float32), EndsWith("t.csv:3: column 'y': 'z' is no float32"));
  EXPECT_THAT(error_of<DataError>([&] { table_of(scratch, "x,y\n\"1\n\n\",2\nz,3\n").column("x", DType::int64); }),
              EndsWith("t.csv:2: column 'x': '1  ' is no int64"));
  EXPECT_THAT(error_of<DataError>([&] { table_of(scratch, "x,y\n\"1\n\n\",2\n4,\n").column("y"); }),
              HasSubstr("t.csv:5: column 'y': '' is empty, which is no float32"));
  EXPECT_THAT(error_of<DataError>([&] { table_of(scratch, "x\n1\n1e400\n").column("x"); }),
              EndsWith("t.csv:3: column 'x': '1e400' is out of range for float32"));
  EXPECT_THAT(error_of<DataError>([&] { table_of(scratch, "x,y\n1,\n").column("y"); }),
              EndsWith("t.csv:2: column 'y': '' is empty, which is no float32; the option `missing` names texts that "
                       "stand for NaN"));
  EXPECT_THAT(error_of<DataError>([&] { table_of(scratch, "x\n1.5\n").column("x", DType::int64); }),
              HasSubstr("'1.5' is no int64"));
  EXPECT_THAT(error_of<DataError>([&] { table_of(scratch, "x\n1 2\n").column("x"); }),
              HasSubstr("'1 2' is no float32"));
  EXPECT_THAT(error_of([&] { t.column("q"); }), EndsWith("t.csv: has no column 'q'; it has x, y"));
  EXPECT_THAT(error_of([&] { t.column("x", DType::uint8); }), HasSubstr("not uint8"));
}

TEST(Csv, RefusesATableThatIsNone) {
  const Scratch scratch;
  EXPECT_THAT(refusal(scratch, ""), EndsWith("t.csv: holds no rows"));
  EXPECT_THAT(refusal(scratch, "a,b\n"), EndsWith("t.csv: holds no rows"));
  EXPECT_THAT(refusal(scratch, "a,b\n1,2\n3\n"), EndsWith("t.csv:3: 1 fields, the table has 2 columns"));
  EXPECT_THAT(
      refusal(scratch, "# made by hand\na,b\n1,2\n"),
      EndsWith("t.csv:2: 2 fields, the table has 1 columns; the option `comment` passes over lines that begin with #"));
  EXPECT_THAT(refusal(scratch, "a,a\n1,2\n"), EndsWith("t.csv:1: two columns are named 'a'"));
  EXPECT_THAT(refusal(scratch, "a\n\n\"1\n2\n"), EndsWith("t.csv:3: a quote opens and doesn't close"));
  EXPECT_THAT(refusal(scratch, "a\n\"1\"2\n"), EndsWith("t.csv:2: text follows a closing quote"));
  EXPECT_THAT(error_of<DataError>([] { read_csv("no/such.csv"); }), HasSubstr("no/such.csv: No such file"));
}

TEST(Csv, ACompressedFileHoldsTheSameTable) {
  const Scratch scratch;
  const std::string text = "x\n1\n2\n";
  Announcements run;
  read_csv(scratch.write("t.csv", text));
  EXPECT_EQ(read_csv(scratch.write("t.csv.gz", gzipped(text))).rows(), 2);
  ASSERT_EQ(run.records.size(), 2u);
  EXPECT_EQ(run.records[0].name, "t.csv");
  EXPECT_EQ(run.records[0].samples, 2);
  EXPECT_EQ(run.records[0].samples_sha256, run.records[1].samples_sha256);
  EXPECT_NE(run.records[0].files[0].sha256, run.records[1].files[0].sha256);
}

TEST(Csv, ATextThatUnpacksWithoutEndIsRefused) {
  const Scratch scratch;
  const auto path = scratch.write("bomb.csv.gz", gzipped("x\n" + std::string(size_t{80} << 20, '0')));
  EXPECT_THAT(error_of<DataError>([&] { read_csv(path); }),
              EndsWith("bomb.csv.gz: unpacks to more than 256 times its size; unpack it, if it is meant to"));
}

}  // namespace
}  // namespace stet::data
