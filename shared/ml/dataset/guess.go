package dataset

import (
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// likelyGB18030 judges a window that is not all ASCII. Valid UTF-8 is UTF-8.
// Else it is GB18030 when that explains the bytes better and what they say is
// Chinese: almost any pair of bytes is a character of GB18030, so that Korean,
// Japanese and many a Western file can be read as such too, and would become
// letters that nobody wrote. A UTF-8 file with some damage has more good
// sequences than bad ones.
func likelyGB18030(p []byte) bool {
	good, bad := countUTF8(p)
	return bad > 0 && good < bad && countGB18030(p).chinese()
}

// countUTF8 counts the multi-byte sequences of p and the bytes in none. A
// sequence cut off by the end of p is not held against it.
func countUTF8(p []byte) (good, bad int) {
	for i := 0; i < len(p); {
		if p[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(p[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			good++
		case utf8.FullRune(p[i:]) || len(p) < window: // a shorter p is the whole file
			bad++
		}
		i += n
	}
	return good, bad
}

// frequent are the 600 characters that are most frequent in Chinese news
// headlines, reviews and programs' messages, each kind counting the same. They
// are three quarters of what is written.
const frequent = "阿爱安按奥吧巴白败般板版半包保宝报北备被本比必边编便变标表别并不布部才餐参操测查差产场常长超车称城成" +
	"程吃持冲出除处穿传串窗创此次从存错达打大带代待单但当档导到道德得的等低地第递点电店调定东动都读度端段" +
	"队对多而儿尔二发法反范方房放非费分份风否符服复该改感港高告格个给跟更工功公共购股关观管光广规归国果过" +
	"海含函好号和何合很红候后户花华化话坏欢环还换回会活火获或货击基机籍集及级几己计记际家加假价间检见键件" +
	"建将降交较接节结解界金今仅进近京精经警酒就居据觉决均军卡开看考科可克客空口库块快款拉来兰老乐类离理里" +
	"利立力联连两量了列令留流楼路录略罗码马买卖满么没每美门们蒙米密面民明名命模默幕目那纳南男难内能尼你年" +
	"您牛女排牌盘配片品苹平评屏普期其起启器气签钱前强且清情请球求区取去权全缺确然让热人任认日容如入软赛三" +
	"色山删商上少设身声生升省失十时什实识使始式示士世事是适市视试收手首售受输书属束数双水说斯司死四送素速" +
	"算索所他它台太态套特提题体天条挺通同统投头图推退外完晚万王网望围为维未味位文问我无五物务误析西息希喜" +
	"洗系戏下先显现限线相香想项像向象销消小校效些写新心信星型行性修需须许序续选学亚研言验样要也页业一衣移" +
	"已以亿意义议因音银引印英应影用优由游有友又于与语预元原员源远约钥月允运载再在遭早择则增展战张涨招找照" +
	"折者这真整正政证支知之直执值指止只志至致置制质中终种重周州主助住注专转装状准着资子自字总走足组最做作"

// census counts a window as GB18030.
type census struct {
	units    int // characters of two and four bytes
	broken   int // bytes in no character
	letters  int // characters of two bytes that are no punctuation
	frequent int // of letters: those that are frequent in Chinese
	distinct int // different letters
	later    int // of distinct: those in the rows C9 to D7
}

// chinese judges by three measures:
//
//   - Fewer than one character in twenty is broken. A Latin-1 "é" before a space
//     is.
//   - A third of the letters are frequent: 53 to 96 % of ten lines of Chinese,
//     at most 27 % of Korean and 23 % of Japanese, Cyrillic, Greek, Hebrew, Arabic,
//     Thai and Western ones in the 20 encodings that were tried.
//   - One in sixteen of the different letters comes late in the alphabet (GB 2312
//     has its common characters in the order of their pinyin, sh to z from row C9
//     on), where no Korean syllable lies: a few labels, repeated all through the
//     file, may be frequent by chance.
func (c census) chinese() bool {
	return c.broken*20 <= c.units && c.letters > 0 && c.frequent*3 >= c.letters && c.later*16 >= c.distinct
}

// countGB18030 takes the census of p.
func countGB18030(p []byte) (c census) {
	var known, seen [1 << 16]bool
	// GB18030 has every character of the list in two bytes: it cannot fail.
	list, _ := simplifiedchinese.GB18030.NewEncoder().String(frequent)
	for i := 0; i+1 < len(list); i += 2 {
		known[int(list[i])<<8|int(list[i+1])] = true
	}
	in := func(i int, low, high byte) bool { return i < len(p) && p[i] >= low && p[i] <= high }
	for i := 0; i < len(p); {
		switch {
		case p[i] < utf8.RuneSelf:
			i++
		case !in(i, 0x81, 0xFE):
			c.broken++
			i++
		case in(i+1, 0x40, 0x7E) || in(i+1, 0x80, 0xFE):
			c.units++
			if !in(i, 0xA1, 0xA3) || p[i+1] < 0xA1 { // rows A1 to A3 are punctuation and wide ASCII
				pair := int(p[i])<<8 | int(p[i+1])
				c.letter(known[pair], seen[pair], in(i, 0xC9, 0xD7) && p[i+1] >= 0xA1)
				seen[pair] = true
			}
			i += 2
		case in(i+1, 0x30, 0x39) && in(i+2, 0x81, 0xFE) && in(i+3, 0x30, 0x39):
			c.units++
			i += 4
		case i+1 == len(p) && len(p) >= window:
			i++ // cut off by the window
		default:
			c.broken++
			i++
		}
	}
	return c
}

// letter counts one letter.
func (c *census) letter(known, seen, later bool) {
	c.letters++
	if known {
		c.frequent++
	}
	if !seen {
		c.distinct++
		if later {
			c.later++
		}
	}
}
